//! What belongs to a row: notes with their attachments, activities with those who take part,
//! and what of a lead is shown on its opportunity.

mod activities;
mod attachments;
mod moving;
mod opportunity;
mod program;

use sluice_model::{Parameter, Reference, Request, Response, Result, Row, Uuid, Value};
use sluice_tests::Actor;

/// A lead of the actor's.
fn lead(actor: &Actor) -> Uuid {
    actor.create(
        Row::unsaved("lead")
            .with("subject", "Twelve pumps")
            .with("lastname", "McKay"),
    )
}

/// A note about a row.
fn note(about: (&str, Uuid), title: &str) -> Row {
    Row::unsaved("annotation")
        .with("subject", title)
        .with("objectid", Reference::new(about.0, about.1))
}

/// Bytes that repeat late, so that blocks in a wrong order show.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

fn from_base64(text: &str) -> Vec<u8> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.decode(text).unwrap()
}

fn text(response: &Response, name: &str) -> String {
    match response.outputs.get(name).unwrap() {
        Parameter::Value(Value::Text(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn number(response: &Response, name: &str) -> i64 {
    match response.outputs.get(name).unwrap() {
        Parameter::Value(Value::BigInt(number)) => *number,
        other => panic!("{other:?}"),
    }
}

/// Begins an upload; its token.
fn begin(actor: &Actor, note: Row) -> Result<String> {
    let request = Request::new("InitializeAnnotationBlocksUpload").with("Target", note);
    Ok(text(&actor.0.execute(request)?, "FileContinuationToken"))
}

/// Uploads one block.
fn put(actor: &Actor, token: &str, id: &str, bytes: &[u8]) -> Result<()> {
    let request = Request::new("UploadBlock")
        .with("BlockId", id)
        .with("BlockData", base64(bytes).as_str())
        .with("FileContinuationToken", token);
    actor.0.execute(request).map(|_| ())
}

/// Commits an upload: the note and its size.
fn commit(actor: &Actor, token: &str, note: Row, blocks: &[&str]) -> Result<(Uuid, i64)> {
    let blocks = blocks.iter().map(|block| (*block).into()).collect();
    let request = Request::new("CommitAnnotationBlocksUpload")
        .with("Target", note)
        .with("BlockList", Parameter::Names(blocks))
        .with("FileContinuationToken", token);
    let response = actor.0.execute(request)?;
    let Parameter::Value(Value::Id(id)) = *response.outputs.get("AnnotationId").unwrap() else {
        panic!("no id");
    };
    Ok((id, number(&response, "FileSizeInBytes")))
}

/// A note with an attachment, uploaded in blocks of that size.
fn attach(actor: &Actor, note: Row, bytes: &[u8], size: usize) -> Uuid {
    let token = begin(actor, note.clone()).unwrap();
    let mut ids = Vec::new();
    for (number, block) in bytes.chunks(size).enumerate() {
        ids.push(number.to_string());
        put(actor, &token, &ids[number], block).unwrap();
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (id, stored) = commit(actor, &token, note, &ids).unwrap();
    assert_eq!(stored, bytes.len() as i64);
    id
}

/// Downloads an attachment in blocks of that size: its name and its bytes.
fn download(actor: &Actor, note: Uuid, block: i64) -> Result<(String, Vec<u8>)> {
    let target = Reference::new("annotation", note);
    let begun = actor
        .0
        .execute(Request::new("InitializeAnnotationBlocksDownload").with("Target", target))?;
    let (token, size) = (text(&begun, "FileContinuationToken"), number(&begun, "FileSizeInBytes"));
    let mut bytes = Vec::new();
    while (bytes.len() as i64) < size {
        bytes.extend(piece(actor, &token, bytes.len() as i64, block)?);
    }
    Ok((text(&begun, "FileName"), bytes))
}

fn piece(actor: &Actor, token: &str, offset: i64, length: i64) -> Result<Vec<u8>> {
    let request = Request::new("DownloadBlock")
        .with("Offset", Value::BigInt(offset))
        .with("BlockLength", Value::BigInt(length))
        .with("FileContinuationToken", token);
    Ok(from_base64(&text(&actor.0.execute(request)?, "Data")))
}
