//! The bodies of the fuzz targets: what is handed in, whatever it is, is answered or refused, and is
//! never a failure of the host. `make test` runs each over its seeds and over what is made of them;
//! `make fuzz` lets a fuzzer look for more.

use std::{cell::OnceCell, sync::atomic::AtomicBool};

use serde_json::Value as Json;
use sluice_engine::Session;
use sluice_model::{Code, Error, Query, Request, Row, codes::Kind, fetchxml, json, odata};
use sluice_platform::{
    Assembly, ImportOptions, PushOptions, StepSpec,
    import::{self, Plan},
    prelude::*,
};

use crate::{Organisation, wasm};

/// A target: its name, and its body, which says whether the input was taken.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// The targets.
pub const TARGETS: &[Target] = &[
    ("wasm", plugin_file),
    ("solution", solution),
    ("import", import_file),
    ("filter", filter),
    ("fetchxml", fetch),
    ("row", row),
    ("call", call),
];

/// Runs a target over an input; whether it was taken.
pub fn run(target: &str, input: &[u8]) -> bool {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    body(input)
}

/// The seeds of a target: what is whole, and what is odd about what people hand in.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match target {
        "wasm" => vec![
            wasm("guests", "probe"),
            b"\0asm\x01\0\0\0".to_vec(),
            b"\0asm\x0d\0\x01\0".to_vec(),
        ],
        "solution" => vec![exported(), b"PK\x05\x06".to_vec()],
        "import" => texts(&[
            "[columns]\nfirst = \"firstname\"\nlast = \"lastname\"\n---\nfirst,last\nAda,Novak\n\"Ö, \"\"x\",Wu\n",
            "[columns]\nlast = \"lastname\"\nborn = \"birthdate\"\n---\nlast;born\r\nWu;1999-12-31\r\n",
            "[columns]\nmail = \"emailaddress1\"\nlast = \"lastname\"\n[key]\ncolumns = [\"emailaddress1\"]\n---\nmail,last\na@b.example,Wu\na@b.example,Li\n",
        ]),
        "filter" => texts(&[
            "statecode eq 0 and (subject ne null or contains(lastname,'x'))",
            "createdon gt 2026-01-31T09:00:00Z and revenue ge 12.50",
            "ownerid eq null and not startswith(lastname,'O''')",
            "Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=7)",
        ]),
        "fetchxml" => texts(&[
            "<fetch top='5'><entity name='lead'><attribute name='subject'/><order attribute='createdon' descending='true'/><filter type='or'><condition attribute='statecode' operator='eq' value='0'/></filter></entity></fetch>",
            "<fetch aggregate='true'><entity name='account'><attribute name='accountid' alias='n' aggregate='count'/><attribute name='statecode' alias='s' groupby='true'/></entity></fetch>",
            "<fetch page='2' count='3' distinct='true'><entity name='contact'><attribute name='fullname'/><link-entity name='account' from='accountid' to='parentcustomerid' alias='a' link-type='outer'><attribute name='name'/></link-entity></entity></fetch>",
        ]),
        "row" => texts(&[
            r#"{"lastname":"Wu","birthdate":"1999-12-31","creditlimit":12.50,"donotemail":true}"#,
            r#"{"lastname":"Wu","createdon":"2026-01-31T09:00:00Z","preferredcontactmethodcode":1,"x":null}"#,
            r#"{"parentcustomerid":{"@odata.type":"account","accountid":"0198c0de-0000-7000-8000-00000000abcd"}}"#,
        ]),
        _ => texts(&[
            "read account\ncreate task subject Call\nset jobtitle Boss",
            "swallow-read sl_nothing\ntext-input NoSuch x\nlink parentcustomerid account 0198c0de-0000-7000-8000-00000000abcd",
            "system delete account 0198c0de-0000-7000-8000-00000000abcd\nnumber donotemail 7\nnow\ndump",
        ]),
    }
}

/// A solution file, made here.
fn exported() -> Vec<u8> {
    in_organisation(|session| {
        let solution = Row::unsaved("solution")
            .with("uniquename", "Seed")
            .with("friendlyname", "Seed")
            .with("version", "1.0");
        // It is there from the last time, or made now.
        let _ = session.execute(Request::create(solution));
        let _ = session.execute(Request::create(Row::unsaved("role").with("name", "Seed role")));
        let _ = session.add_to_solution("Seed", "role", &["Seed role".to_owned()]);
        session.export_solution("Seed", false).unwrap()
    })
}

thread_local! {
    static PLACE: OnceCell<(Organisation, Session)> = const { OnceCell::new() };
}

/// Does something as the administrator of an organisation that this thread keeps. The probe is pushed
/// there.
fn in_organisation<T>(work: impl FnOnce(&Session) -> T) -> T {
    PLACE.with(|place| {
        let (_, session) = place.get_or_init(|| {
            let organisation = Organisation::empty();
            let session = organisation.admin().0;
            let probe = Assembly {
                name: "probe".to_owned(),
                bytes: wasm("guests", "probe"),
                description: None,
            };
            session.push(&probe, &PushOptions::default()).unwrap();
            (organisation, session)
        });
        work(session)
    })
}

/// A refusal is an answer; a failure of the host is not.
fn answered<T>(result: Result<T, Error>, what: &str) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.kind() == Kind::Host && error.code() != Code::BUSY => {
            panic!("the host failed at {what}: {} {error}", error.code())
        }
        Err(_) => None,
    }
}

/// A plug-in file, up to where it would be compiled.
fn plugin_file(bytes: &[u8]) -> bool {
    answered(sluice_sandbox::componentize(bytes), "a plug-in file").is_some()
}

/// A solution file: kept as a whole, or refused and nothing kept.
fn solution(bytes: &[u8]) -> bool {
    in_organisation(|session| {
        let count = || session.list(Query::new("solution").columns(&[])).unwrap().len();
        let before = count();
        let imported = answered(
            session.import_solution_with(bytes, ImportOptions::default()),
            "a solution",
        );
        if imported.is_none() {
            assert_eq!(count(), before, "what was refused left a solution");
        }
        imported.is_some()
    })
}

/// A map, a line of three dashes, and a file by it: each line is kept or refused.
fn import_file(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((map, _)) = text.split_once("\n---\n") else {
        return false;
    };
    let file = bytes.get(map.len() + 5..).unwrap_or_default();
    in_organisation(|session| {
        let Some(plan) = answered(Plan::new(session, "contact", map), "a map") else {
            return false;
        };
        let survey = import::survey(&plan, file, file.len() as u64);
        let Some(survey) = answered(survey, "the first reading of a file") else {
            return false;
        };
        let stop = AtomicBool::new(false);
        let options = import::Options {
            resume_after: 0,
            stop: &stop,
            detect_duplicates: false,
            refused: None,
            words: &|error| error.message().to_owned(),
        };
        let Some(report) = answered(import::import(session, &plan, survey, file, options, &|_| {}), "a file") else {
            return false;
        };
        for fault in report.refused.iter().flat_map(|refusal| &refusal.faults) {
            answered::<()>(Err(fault.error.clone()), "a line");
        }
        report.created > 0
    })
}

/// A condition on rows: one that is understood can be asked.
fn filter(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    in_organisation(|session| {
        let surroundings = session.surroundings().unwrap();
        let table = surroundings.catalog.table("lead").unwrap().clone();
        let Some(filter) = answered(odata::filter(&surroundings, &table, text), "a filter") else {
            return false;
        };
        answered(session.list(Query::new("lead").filter(filter).top(5)), "a list").is_some()
    })
}

/// A query as FetchXML: one that is understood can be asked.
fn fetch(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    in_organisation(|session| {
        let surroundings = session.surroundings().unwrap();
        let Some(query) = answered(fetchxml::parse(&surroundings, text), "FetchXML") else {
            return false;
        };
        answered(session.execute(Request::retrieve_multiple(query)), "a query").is_some()
    })
}

/// A row as JSON: what is understood is shown again as it was understood, and can be written.
fn row(bytes: &[u8]) -> bool {
    let Ok(Json::Object(document)) = serde_json::from_slice(bytes) else {
        return false;
    };
    in_organisation(|session| {
        let catalog = session.catalog().unwrap();
        let table = catalog.table("contact").unwrap();
        let Some(row) = answered(json::to_row(&catalog, table, &document), "a row") else {
            return false;
        };
        let Json::Object(shown) = json::from_row(table, &row, None) else {
            panic!("a row is shown as an object")
        };
        if let Some(again) = answered(json::to_row(&catalog, table, &shown), "what was shown of a row") {
            assert_eq!(json::from_row(table, &again, None), Json::Object(shown));
        }
        answered(session.execute(Request::create(row)), "a Create").is_some()
    })
}

/// What a guest asks for: each line is an instruction of the probe.
fn call(bytes: &[u8]) -> bool {
    let Ok(script) = std::str::from_utf8(bytes) else {
        return false;
    };
    in_organisation(|session| {
        let step = StepSpec {
            plugin: "probe/probe".to_owned(),
            message: "Create".to_owned(),
            table: Some("contact".to_owned()),
            stage: 20,
            configuration: Some(script.to_owned()),
            ..StepSpec::default()
        };
        let Some(step) = answered(session.register_step(&step), "a step") else {
            return false;
        };
        let contact = Row::unsaved("contact").with("lastname", "Wu");
        let made = answered(session.execute(Request::create(contact)), "a call");
        let gone = sluice_model::Reference::new("sdkmessageprocessingstep", step);
        session.execute(Request::delete(gone)).unwrap();
        made.is_some()
    })
}
