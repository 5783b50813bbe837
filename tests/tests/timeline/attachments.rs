//! Small attachments in the column `documentbody`, and notes that are changed and deleted.

use sluice_model::{Query, Reference, Request, Row, Value};
use sluice_tests::{Actor, Organisation};

use crate::{attach, base64, download, from_base64, lead, noise, note};

fn body(actor: &Actor, id: sluice_model::Uuid) -> Option<Vec<u8>> {
    let request = Request::retrieve(Reference::new("annotation", id), &["documentbody"]);
    let row = actor.0.execute(request).unwrap().row().unwrap().clone();
    row.text("documentbody").map(from_base64)
}

#[test]
fn a_small_attachment_may_come_with_the_row() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let bytes = noise(5 * 1024 * 1024);
    let row = note(("lead", lead(&admin)), "Drawings").with("filename", "pump.dwg");
    let id = admin.create(row.with("documentbody", base64(&bytes).as_str()));
    assert_eq!(
        download(&admin, id, 1 << 20).unwrap(),
        ("pump.dwg".to_owned(), bytes.clone())
    );
    assert_eq!(body(&admin, id).as_deref(), Some(&*bytes));
    let stored = admin.get("annotation", id);
    assert_eq!(stored.int("filesize"), Some(5 * 1024 * 1024));
    assert_eq!(stored.bool("isdocument"), Some(true));
    assert_eq!(stored.text("documentbody"), None, "only where it is asked for by name");

    let folded = format!(
        "{}\r\n  {}",
        &base64(b"Hello World!")[..8],
        &base64(b"Hello World!")[8..]
    );
    admin.update(Row::new("annotation", id).with("documentbody", folded.as_str()));
    assert_eq!(body(&admin, id).unwrap(), b"Hello World!");
    assert_eq!(admin.get("annotation", id).int("filesize"), Some(12));
    admin.update(Row::new("annotation", id).with("subject", "Other drawings"));
    assert_eq!(body(&admin, id).unwrap(), b"Hello World!");
    admin.update(Row::new("annotation", id).with("documentbody", Value::Null));
    assert_eq!(body(&admin, id), None);
    let stored = admin.get("annotation", id);
    assert_eq!((stored.bool("isdocument"), stored.int("filesize")), (Some(false), None));
    assert_eq!(download(&admin, id, 10).unwrap_err().code().to_string(), "0x80040217");
}

#[test]
fn what_is_no_base64_is_refused() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    for wrong in ["Hello World!", "AAA", "===="] {
        let row = note(("lead", lead(&admin)), "Drawings").with("documentbody", wrong);
        let refused = admin.try_create(row).unwrap_err();
        assert!(refused.message().contains("base64"), "{wrong}: {refused}");
    }
    assert_eq!(admin.count("annotation"), 0);
}

#[test]
fn a_list_carries_attachments_only_where_they_are_asked_for_and_not_too_many() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let organization = admin.find("organization", "Contoso");
    admin.update(Row::new("organization", organization).with("maxuploadfilesize", 131_072));
    let about = lead(&admin);
    let bytes = noise(9 << 20);
    for number in 0..2 {
        let row = note(("lead", about), &format!("Film {number}"));
        attach(&admin, row, &bytes, 3 << 20);
    }
    let all = admin.list(Query::new("annotation"));
    assert!(all.iter().all(|row| !row.has("documentbody")));
    let one = Query::new("annotation")
        .columns(&["documentbody"])
        .order_by("subject")
        .top(1);
    assert_eq!(from_base64(admin.list(one)[0].text("documentbody").unwrap()), bytes);
    let both = admin
        .0
        .list(Query::new("annotation").columns(&["subject", "documentbody"]))
        .unwrap_err();
    assert!(both.message().contains("download them in blocks"), "{both}");
}

#[test]
fn a_note_goes_with_its_attachment_and_with_its_row() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let (kept, gone) = (lead(&admin), lead(&admin));
    let first = attach(&admin, note(("lead", kept), "Drawings"), b"first", 2);
    admin.try_delete("annotation", first).unwrap();
    let mut again = note(("lead", kept), "Drawings");
    again.id = first;
    assert_eq!(admin.create(again), first);
    assert_eq!(body(&admin, first), None, "nothing of the deleted note came back");
    let second = attach(&admin, note(("lead", gone), "Drawings"), b"second", 2);
    admin.try_delete("lead", gone).unwrap();
    assert_eq!(
        admin.try_get("annotation", second).unwrap_err().code().to_string(),
        "0x80040217"
    );
    let mut again = note(("lead", kept), "Drawings");
    again.id = second;
    admin.create(again);
    assert_eq!(body(&admin, second), None);
}

#[test]
fn a_refused_note_leaves_no_bytes() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let id = sluice_model::Uuid::from_u128(77);
    let mut row = note(("lead", sluice_model::Uuid::from_u128(7)), "Nowhere").with("documentbody", "SGk=");
    row.id = id;
    assert!(admin.try_create(row).is_err());
    let mut row = note(("lead", lead(&admin)), "Somewhere");
    row.id = id;
    admin.create(row);
    assert_eq!(body(&admin, id), None);
}
