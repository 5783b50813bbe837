//! Attachments on their way between a file and a note: in blocks, so that neither side holds a
//! whole file.

use std::{
    fs::File,
    io::Read,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sluice_model::{Error, Parameter, Reference, Request, Response, Result, Row, Uuid, Value};

use crate::{door::Door, interrupt, text::bytes as count, usage::Usage};

/// The bytes of a block: fewer than the platform takes, since each is in memory several times
/// over while its request is under way.
const BLOCK: usize = 1 << 20;

/// What was moved.
pub(crate) struct Moved {
    /// The note.
    pub(crate) note: Uuid,
    /// The bytes of its attachment.
    pub(crate) size: u64,
}

/// Makes a note with the file as its attachment.
pub(crate) fn upload(session: &dyn Door, mut note: Row, path: &Path) -> anyhow::Result<Moved> {
    let unreadable = || format!("{} cannot be read", path.display());
    // Opening a pipe would wait for whoever writes into it.
    if !path.metadata().with_context(unreadable)?.is_file() {
        return Err(Usage::because(format!("{} is no file", path.display())));
    }
    let mut file = File::open(path).with_context(unreadable)?;
    let metadata = file.metadata().with_context(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !note.has("mimetype") {
        note.set("mimetype", mime_type(&name));
    }
    note.set("filename", name);
    let under_way = UnderWay::new(metadata.len())?;
    let begun = session.execute(Request::new("InitializeAnnotationBlocksUpload").with("Target", note.clone()))?;
    let token = text(&begun, "FileContinuationToken")?;
    let (mut blocks, mut read) = (Vec::new(), 0);
    loop {
        under_way.check()?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(BLOCK as u64)
            .read_to_end(&mut bytes)
            .with_context(unreadable)?;
        if bytes.is_empty() {
            break;
        }
        let id = format!("{:08}", blocks.len());
        let request = Request::new("UploadBlock")
            .with("BlockId", id.as_str())
            .with("BlockData", Value::Text(BASE64_STANDARD.encode(&bytes)))
            .with("FileContinuationToken", token.as_str());
        session.execute(request)?;
        blocks.push(id.into());
        read += bytes.len() as u64;
        under_way.advance(bytes.len());
    }
    if read != metadata.len() {
        return Err(Error::invalid(format!(
            "{} changed while it was read: it had {}, and then {}; nothing was kept",
            path.display(),
            count(metadata.len()),
            count(read)
        ))
        .into());
    }
    let commit = Request::new("CommitAnnotationBlocksUpload")
        .with("Target", note)
        .with("BlockList", Parameter::Names(blocks))
        .with("FileContinuationToken", token.as_str());
    let done = session.execute(commit)?;
    match (done.outputs.get("AnnotationId"), number(&done, "FileSizeInBytes")) {
        (Some(Parameter::Value(Value::Id(note))), Some(size)) => Ok(Moved { note: *note, size }),
        _ => Err(Error::host("the note was made, and the answer does not say which it is").into()),
    }
}

/// Hands over the attachment of a note block by block; how many bytes it has.
pub(crate) fn download(
    session: &dyn Door,
    note: Uuid,
    write: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> anyhow::Result<u64> {
    let target = Reference::new("annotation", note);
    let begun = session.execute(Request::new("InitializeAnnotationBlocksDownload").with("Target", target))?;
    let token = text(&begun, "FileContinuationToken")?;
    let size = number(&begun, "FileSizeInBytes").unwrap_or_default();
    let under_way = UnderWay::new(size)?;
    let mut done = 0;
    while done < size {
        under_way.check()?;
        let request = Request::new("DownloadBlock")
            .with("Offset", Value::BigInt(i64::try_from(done).unwrap_or(i64::MAX)))
            .with("BlockLength", Value::BigInt(BLOCK as i64))
            .with("FileContinuationToken", token.as_str());
        let bytes = BASE64_STANDARD.decode(text(&session.execute(request)?, "Data")?)?;
        if bytes.is_empty() {
            return Err(Error::host(format!("the attachment ends after {done} of {size} bytes")).into());
        }
        write(&bytes).context("the attachment cannot be written")?;
        done += bytes.len() as u64;
        under_way.advance(bytes.len());
    }
    Ok(done)
}

/// A transfer that shows how far it is, and can be stopped.
struct UnderWay {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl UnderWay {
    fn new(size: u64) -> anyhow::Result<Self> {
        let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {bytes} of {total_bytes}, {bytes_per_sec}");
        Ok(Self {
            bar: style.map(|style| bar.clone().with_style(style)).unwrap_or(bar),
            stop: interrupt::flag("stopping after this block; Ctrl-C again ends at once")?,
        })
    }

    fn advance(&self, bytes: usize) {
        self.bar.inc(bytes as u64);
    }

    fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Acquire) {
            return Err(Error::invalid("stopped; nothing was kept"));
        }
        Ok(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn text(response: &Response, name: &str) -> Result<String> {
    match response.outputs.get(name) {
        Some(Parameter::Value(Value::Text(text))) => Ok(text.clone()),
        _ => Err(Error::host(format!("the answer lacks {name}"))),
    }
}

fn number(response: &Response, name: &str) -> Option<u64> {
    match response.outputs.get(name) {
        Some(Parameter::Value(Value::BigInt(number))) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// The type of a file, by its name.
fn mime_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "htm" | "html" => "text/html",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "eml" => "message/rfc822",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_by_the_ending() {
        assert_eq!(
            ["a.PDF", "b.tar.gz", "noending", "c.jpeg"].map(mime_type),
            [
                "application/pdf",
                "application/octet-stream",
                "application/octet-stream",
                "image/jpeg"
            ]
        );
    }
}
