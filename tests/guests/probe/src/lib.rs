//! A plug-in that does what its configuration says, one instruction a line:
//!
//! - `trace TEXT` · `dump` traces the context
//! - `set COLUMN TEXT` · `upper COLUMN` · `remove COLUMN` change the Target
//! - `link COLUMN TABLE ID` · `number COLUMN N` change the Target, too
//! - `set-input NAME yes|no` · `text-input NAME TEXT` · `link-input NAME TABLE ID` change an input parameter
//! - `text-output NAME TEXT` changes an output parameter
//! - `target COLUMN` · `pre ALIAS COLUMN` · `post ALIAS COLUMN` trace a value
//! - `share NAME TEXT` · `shared NAME` write and trace shared variables, own and parent's
//! - `columns` · `pre-columns ALIAS` · `post-columns ALIAS` · `outputs` trace names
//! - `create TABLE COLUMN TEXT` · `update-self COLUMN TEXT` · `delete-self` · `read TABLE` call the service
//! - `assign-self TABLE ID` gives the row to an owner · `delete TABLE ID` deletes any row
//! - `run-workflow ID` runs a workflow for the row
//! - `swallow-read TABLE` · `swallow-create TABLE COLUMN TEXT` go on whatever happens
//! - `in-own-words INSTRUCTION` refuses in words of its own where that fails · `unwrap INSTRUCTION` panics
//! - `refuse TEXT` ends it · `fail TEXT` ends it as by accident · `now` traces the time
//! - `need COLUMN` reads it of the row, and fails where that is empty
//! - `fail-if COLUMN TEXT` · `fail-unless COLUMN TEXT` do so where the Target has that, or has it not
//! - `again TEXT` asks to be tried again · `until-attempt N TEXT` does so before run N · `attempt` traces the run
//! - `question` traces what RetrieveMultiple asks · `input NAME` traces an input parameter
//! - `create-now TABLE COLUMN` makes a row named after the time · `spin` never ends
//! - `secure` traces the secure configuration · `users` traces both users' ids · `unit` the business unit
//!
//! `initiating` or `system` before a service instruction calls in that name; `at-depth N`
//! before any instruction runs it only there.

use sluice_sdk::prelude::*;

/// Does what its configuration says.
#[plugin(
    wants("clock"),
    needs("prvReadAccount"),
    input(
        name = "Rate",
        kind = "decimal",
        required,
        description = "What is to be reckoned with"
    ),
    output(name = "Answer", kind = "text")
)]
pub fn probe(cx: &Context) -> Result<()> {
    for line in cx.configuration().unwrap_or_default().lines() {
        run(cx, line.trim())?;
    }
    Ok(())
}

fn run(cx: &Context, line: &str) -> Result<()> {
    if let Some((depth, line)) = line.strip_prefix("at-depth ").and_then(|rest| rest.split_once(' ')) {
        return if depth.parse() == Ok(cx.depth()) {
            run(cx, line)
        } else {
            Ok(())
        };
    }
    if let Some(line) = line.strip_prefix("in-own-words ") {
        return run(cx, line).map_err(|_| Error::refuse("Not like this"));
    }
    if let Some(line) = line.strip_prefix("unwrap ") {
        assert!(run(cx, line).is_ok(), "it did not work");
        return Ok(());
    }
    let (caller, line) = match line.split_once(' ') {
        Some(("initiating", rest)) => (Caller::InitiatingUser, rest),
        Some(("system", rest)) => (Caller::System, rest),
        _ => (Caller::StepUser, line),
    };
    let service = cx.service_as(caller);
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (first, text) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "" => {}
        "trace" => cx.trace(rest),
        "dump" => dump(cx),
        "set" => cx.set_target(first, text),
        "upper" => {
            if let Some(value) = cx.target_text(first) {
                cx.set_target(first, value.to_uppercase());
            }
        }
        "remove" => cx.remove_target(first),
        "link" => cx.set_target(first, reference(text)),
        "number" => cx.set_target(first, text.parse::<i32>().unwrap_or_default()),
        "set-input" => cx.set_input(first, text == "yes"),
        "text-input" => cx.set_input(first, text),
        "link-input" => cx.set_input(first, reference(text)),
        "text-output" => cx.set_output(first, text),
        "target" => trace!(cx, "target {first}={}", shown(cx.target_value(first).as_ref())),
        "pre" => trace!(cx, "pre {text}={}", shown(cx.pre_image_value(first, text).as_ref())),
        "post" => trace!(cx, "post {text}={}", shown(cx.post_image_value(first, text).as_ref())),
        "share" => cx.set_shared(first, text),
        "shared" => {
            let parent = cx.parent().and_then(|parent| parent.shared(first));
            trace!(
                cx,
                "shared {first}: own={} parent={}",
                shown(cx.shared(first).as_ref()),
                shown(parent.as_ref())
            );
        }
        "create" => {
            let (column, value) = text.split_once(' ').unwrap_or((text, ""));
            let made = service.create(Row::new(first).with(column, value))?;
            trace!(cx, "created {}", made.table);
        }
        "update-self" => {
            if let Some(own) = cx.primary() {
                service.update(Row::of(&own).with(first, text))?;
            }
        }
        "read" => {
            let rows = service.retrieve_multiple(Query::new(first).top(10))?;
            trace!(cx, "read {} {first}", rows.len());
        }
        "swallow-read" => {
            let outcome = service.retrieve_multiple(Query::new(first).top(1));
            trace!(cx, "swallowed {}", outcome.is_err());
        }
        "swallow-create" => {
            let (column, value) = text.split_once(' ').unwrap_or((text, ""));
            let outcome = service.create(Row::new(first).with(column, value));
            trace!(cx, "swallowed {}", outcome.is_err());
        }
        "delete-self" => {
            if let Some(own) = cx.primary() {
                service.delete(&own)?;
            }
        }
        "assign-self" => {
            if let Some(own) = cx.primary() {
                let request = Request::new("Assign").with("Target", own);
                service.execute(request.with("Assignee", reference(rest)))?;
            }
        }
        "run-workflow" => {
            let row = Value::Id(cx.primary_id().unwrap_or_default().to_string());
            let request = Request::new("ExecuteWorkflow").with("WorkflowId", Value::Id(first.to_owned()));
            service.execute(request.with("EntityId", row))?;
        }
        "delete" => service.delete(&reference(rest))?,
        "columns" => trace!(cx, "columns {}", cx.target().as_ref().map(names).unwrap_or_default()),
        "pre-columns" => trace!(cx, "pre {first}: {}", image(cx.pre_image(first))),
        "post-columns" => trace!(cx, "post {first}: {}", image(cx.post_image(first))),
        "outputs" => trace!(cx, "outputs {}", cx.output_names().join(" ")),
        "secure" => trace!(cx, "secure {}", cx.secure_configuration().unwrap_or_default()),
        "users" => trace!(cx, "users {} {}", cx.user_id(), cx.initiating_user_id()),
        "unit" => trace!(cx, "unit {}", cx.business_unit_id()),
        "fail" => return Err(Error::unexpected(rest)),
        "need" => {
            if let Some(own) = cx.primary()
                && service.retrieve(&own, [first])?.get(first).is_none()
            {
                return Err(Error::unexpected(format!("{first} is empty")));
            }
        }
        "fail-if" if cx.target_text(first).as_deref() == Some(text) => return Err(Error::unexpected(rest)),
        "fail-unless" if cx.target_text(first).as_deref() != Some(text) => return Err(Error::unexpected(rest)),
        "fail-if" | "fail-unless" => {}
        "refuse" => return Err(Error::refuse(rest).with_code(4711)),
        "now" => trace!(cx, "now {}", cx.now()),
        "again" => return Err(Error::try_again(rest)),
        "until-attempt" if cx.attempt() < first.parse().unwrap_or_default() => return Err(Error::try_again(text)),
        "until-attempt" => {}
        "attempt" => trace!(cx, "attempt {}", cx.attempt()),
        "question" => match cx.question() {
            Some(question) => trace!(
                cx,
                "asks {} columns={} filter={} order={} top={:?} related={}",
                question.table,
                question.columns.join(","),
                question.filter.unwrap_or_default(),
                question.order.len(),
                question.top,
                question.related.join(","),
            ),
            None => cx.trace("asks nothing"),
        },
        "input" => {
            let input = cx.input(first).and_then(|input| input.as_text().map(str::to_owned));
            trace!(cx, "input {first}={}", input.unwrap_or_else(|| "absent".to_owned()));
        }
        "create-now" => {
            service.create(Row::new(first).with(text, cx.now()))?;
        }
        #[expect(clippy::empty_loop, reason = "it is to be ended from outside")]
        "spin" => loop {},
        other => return Err(Error::unexpected(format!("the probe does not know `{other}`"))),
    }
    Ok(())
}

fn dump(cx: &Context) {
    trace!(
        cx,
        "message={} stage={:?} mode={:?} depth={} table={} in-transaction={} user-is-initiating={} id={} parent={}",
        cx.message(),
        cx.stage(),
        cx.mode(),
        cx.depth(),
        cx.primary_table().unwrap_or_default(),
        cx.is_in_transaction(),
        cx.user_id() == cx.initiating_user_id(),
        cx.primary_id().is_some(),
        cx.parent().map(|parent| parent.message()).unwrap_or_default(),
    );
}

/// `TABLE ID`
fn reference(text: &str) -> Reference {
    let (table, id) = text.split_once(' ').unwrap_or((text, ""));
    Reference::new(table, id)
}

fn image(image: Option<Row>) -> String {
    image.as_ref().map_or_else(|| "absent".to_owned(), names)
}

fn names(row: &Row) -> String {
    row.columns().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| format!("{value:?}"))
}

sluice_sdk::export!(probe);
