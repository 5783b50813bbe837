//! Service calls: what reaches the pipeline, and what comes back.

use sluice_model::{Code, Error, Order, Parameter, Query, Reference, Request, Response, Row, Value};
use sluice_sandbox::{Call, Caller, Grants};

use crate::support::{Fake, call, error, finish, id, run, run_with};

#[test]
fn each_call_becomes_its_message() {
    let fake = Fake::answering(|_, request| {
        Ok(match &*request.message {
            "Create" => Response::default().with("id", Value::Id(id(20))),
            "Retrieve" => Response::default().with("BusinessEntity", Row::new("account", id(1)).with("name", "read")),
            "RetrieveMultiple" => Response::default().with(
                "BusinessEntityCollection",
                Parameter::Rows(vec![Row::new("account", id(1)); 3]),
            ),
            "Assign" => Response::default()
                .with("Done", true)
                .with("Query", Query::new("hidden")),
            _ => Response::default(),
        })
    });
    let finished = finish(call("calls"), fake);
    assert_eq!(finished.outcome, Ok(()));
    assert_eq!(
        finished.trace,
        "created 0198c0de-0000-7000-8000-000000000014\n\
         read account:0198c0de-0000-7000-8000-000000000001 name = text read\n\
         listed 3\n\
         executed Done = boolean true\n"
    );
    let target = Reference::new("account", id(1));
    let row = Row::new("account", id(1))
        .with("name", "n")
        .with("amount", Value::Money("1.50".parse().unwrap()));
    let mut query = Query::new("account").columns(&["name"]).top(3);
    query.order.push(Order {
        column: "name".into(),
        descending: true,
    });
    let expected = [
        Request::create(row),
        Request::retrieve(target.clone(), &["name"]),
        Request::retrieve_multiple(query),
        Request::delete(target.clone()),
        Request::new("Assign").with("Assignee", target),
    ];
    let (callers, requests): (Vec<Caller>, Vec<Request>) = finished.services.calls.into_iter().unzip();
    assert_eq!(requests, expected);
    assert!(callers.iter().all(|caller| *caller == Caller::InitiatingUser));
    assert_eq!((finished.usage.host_calls, finished.usage.rows), (5, 4));
}

#[test]
fn only_a_granted_plugin_acts_as_the_system() {
    let finished = run("update-as-system");
    assert!(finished.services.calls.is_empty());
    assert_eq!(finished.services.refused.len(), 1);
    let refused = error(finished);
    assert_eq!(refused.code(), Code::PRIVILEGE_DENIED);
    assert!(
        refused
            .message()
            .contains("as the system, which the step was not granted"),
        "{refused}"
    );

    let grants = Grants {
        system: true,
        ..Grants::default()
    };
    let finished = finish(
        Call {
            grants,
            ..call("update-as-system")
        },
        Fake::default(),
    );
    assert_eq!(finished.outcome, Ok(()));
    assert_eq!(finished.services.calls.first().unwrap().0, Caller::System);
}

#[test]
fn a_value_of_the_wrong_form_fails_the_service_call() {
    for finished in [run_with("bad-value-in-call", "decimal"), run("bad-id")] {
        assert!(finished.services.calls.is_empty());
        let told: Vec<Error> = finished.services.refused.clone();
        let error = error(finished);
        assert_eq!(error.code(), Code::INVALID_ARGUMENT);
        assert_eq!(told, [error]);
    }
}

#[test]
fn an_update_needs_an_id() {
    let mut call = call("self-update");
    call.context.id = None;
    let error = error(finish(call, Fake::default()));
    assert_eq!(error.message(), "Update of `account` without the row's id");
}

#[test]
fn an_answer_without_its_output_is_the_hosts_failure() {
    let error = error(finish(call("calls"), Fake::default()));
    assert_eq!(error.code(), Code::UNEXPECTED);
}
