//! Notes with their attachments, and activities with those who take part in them.

mod activity;
mod annotation;
mod attachments;
mod commit_annotation_blocks_upload;
mod download_block;
mod initialize_annotation_blocks_download;
mod initialize_annotation_blocks_upload;
mod upload_block;

use sluice_engine::{Capability, Kept, Tables, tables};

pub(crate) const UPLOAD: &str = "sl_upload";

/// Notes and their attachments, and activities.
pub(crate) static NOTES: Capability = Capability {
    tables: sluice_engine::tables![
        "activityparty",
        "annotation",
        "appointment",
        "email",
        "phonecall",
        "sl_upload",
        "task"
    ],
    messages: &[
        &commit_annotation_blocks_upload::CommitAnnotationBlocksUpload,
        &download_block::DownloadBlock,
        &initialize_annotation_blocks_download::InitializeAnnotationBlocksDownload,
        &initialize_annotation_blocks_upload::InitializeAnnotationBlocksUpload,
        &upload_block::UploadBlock,
    ],
    kept: &[Kept {
        days: |_| Some(1),
        remove: attachments::clear_some,
    }],
    rules: &[
        (Tables::Named("appointment"), &activity::Activity),
        (Tables::Named("email"), &activity::Activity),
        (Tables::Named("phonecall"), &activity::Activity),
        (Tables::Named("task"), &activity::Activity),
        (Tables::Named(crate::email::PARTY), &activity::Party),
        (Tables::Named(tables::NOTE), &annotation::Annotation),
    ],
    ..Capability::named("notes")
};
