//! Each mistake with the sentence that its author reads.

use syn::Result;

use super::{Checked, check};
use crate::declaration::Declaration;

fn read(text: &str) -> Result<Checked> {
    let mut declaration = Declaration::parse(text.parse().unwrap())?;
    check(&mut declaration)
}

/// All complaints about a declaration.
fn complaints(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.to_string()).collect(),
    }
}

/// The one complaint about a step with these keys beside message and stage.
fn complaint(message: &str, stage: &str, rest: &str) -> String {
    let text = format!("step(message = {message:?}, stage = {stage:?}, {rest})");
    let [complaint] = complaints(&text)
        .try_into()
        .unwrap_or_else(|all| panic!("{text}: {all:?}"));
    complaint
}

#[test]
fn a_whole_declaration_is_accepted() {
    let checked = read(
        r#"name = "Commission", wants("clock", "system"),
           step(message = "Update", table = "account", stage = "post-operation", mode = "async", rank = -3,
                columns = ["revenue", "name"], config = include_str!("x"), description = "d",
                image(pre, alias = "before", columns = ["revenue"]), image(post, alias = "before")),
           step(message = "sl_Recalculate", stage = "pre-validation")"#,
    )
    .unwrap();
    assert_eq!(
        complaints(
            r#"needs("prvReadaccount"), input(name = "A", kind = "text", required), output(name = "A", kind = "id")"#
        ),
        Vec::<String>::new()
    );
    let wrong = r#"needs("read"), input(kind = "text"), input(name = "A", kind = "lookup"),
                   output(name = "B", kind = "id", required), output(name = "B", kind = "id")"#;
    assert_eq!(complaints(wrong).len(), 5, "{:?}", complaints(wrong));
    let [first, second] = checked.steps.try_into().map_err(|_| "two steps").unwrap();
    assert_eq!((first.stage, first.mode, first.rank), (40, 1, -3));
    assert_eq!((second.stage, second.mode, second.rank), (10, 0, 1));
    assert_eq!(
        complaints(""),
        Vec::<String>::new(),
        "an administrator can register steps, too"
    );
}

#[test]
fn stages_and_modes() {
    assert_eq!(
        complaint("Create", "preoperation", ""),
        r#"unknown stage; the stages are "pre-validation", "pre-operation" or "post-operation""#
    );
    assert_eq!(
        complaint("Create", "pre-operation", r#"mode = "async""#),
        r#"an asynchronous step runs after the operation: `stage = "post-operation"`"#
    );
    assert_eq!(
        complaint("Create", "post-operation", r#"mode = "later""#),
        r#"unknown mode; the modes are "sync" or "async""#
    );
}

#[test]
fn columns_are_for_create_and_update() {
    assert_eq!(
        complaint("Delete", "pre-operation", r#"columns = ["name"]"#),
        "only Create and Update have filtering columns: a step on another message runs each time"
    );
    assert_eq!(
        complaint("Update", "pre-operation", r#"columns = ["Name"]"#),
        "a logical name, in lower case, is needed here: `name`"
    );
}

#[test]
fn images() {
    let image = |message, stage, rest: &str| complaint(message, stage, &format!("image({rest})"));
    assert_eq!(
        image("Update", "pre-operation", r#"post, alias = "after""#),
        r#"before the operation there is no post-image: `stage = "post-operation"`, or `pre`"#
    );
    assert_eq!(
        image("Create", "post-operation", r#"both, alias = "a""#),
        "Create has no pre-image: there was no row before it"
    );
    assert_eq!(
        image("Delete", "post-operation", r#"post, alias = "a""#),
        "Delete has no post-image: there is no row after it"
    );
    assert!(image("QualifyLead", "post-operation", r#"pre, alias = "a""#).starts_with("QualifyLead has no images"));
    assert_eq!(
        image("Update", "post-operation", "pre"),
        r#"an image needs its alias: `alias = "before"`"#
    );
    assert_eq!(
        image("Update", "post-operation", r#"alias = "a""#),
        "an image needs its kind: `pre`, `post` or `both`"
    );
    assert_eq!(
        image("Update", "post-operation", r#"pre, post, alias = "a""#),
        "the image is `pre` and `post`: write `both`, or two images"
    );
    assert_eq!(
        complaint(
            "Update",
            "post-operation",
            r#"image(pre, alias = "a"), image(both, alias = "a")"#
        ),
        "the step has two pre-images of this alias"
    );
}

#[test]
fn names_and_keys() {
    assert_eq!(
        complaint("create", "pre-operation", ""),
        "the platform writes this message `Create`"
    );
    assert_eq!(
        complaint("Create", "pre-operation", r#"tabel = "account""#),
        "unknown key; here goes `message`, `table`, `stage`, `mode`, `rank`, `columns`, `image`, `config` or `description`"
    );
    assert_eq!(
        complaint("Create", "pre-operation", r#"stage = "pre-operation""#),
        "`stage` is given twice"
    );
    assert_eq!(
        complaints(r#"wants("internet")"#),
        [r#"nobody can grant that; a plug-in wants "clock", "random" or "system""#]
    );
    assert_eq!(
        complaints("steps()"),
        ["unknown key; here goes `name`, `wants`, `needs`, `step`, `input` or `output`"]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    assert_eq!(
        complaints(r#"step(table = "account")"#).len(),
        2,
        "message and stage are missing"
    );
    let both = complaints(r#"step(message = "create", stage = "x"), step(message = "Update", stage = "y")"#);
    assert_eq!(both.len(), 3);
}
