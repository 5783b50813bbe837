//! What of the configuration is read anew after a write.

use sluice_model::{Request, Row};

use super::*;
use crate::{Capabilities, Capability, Engine, Env, Founding, OpenOptions, SystemEnv};

/// A part that is made of the messages.
struct Messages;

impl Part for Messages {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::MESSAGE]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<Vec<Row>>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        Ok(Arc::new(reader.all(tables::MESSAGE, &["name"])?))
    }
}

#[test]
fn a_write_reads_anew_only_what_is_made_of_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("organisation.db");
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let options = OpenOptions::default();
    let capabilities = Capabilities {
        all: vec![Capability {
            parts: &[&Messages],
            ..Capability::named("test")
        }],
        order: &[],
    };
    Engine::create(&path, &Founding::default(), &capabilities, &env, &options, |_| Ok(())).unwrap();
    let engine = Engine::open(&path, &capabilities, &env, &options).unwrap();
    let before = engine.core.current_snapshot().unwrap();
    let user = Row::unsaved("systemuser")
        .with("domainname", "ada")
        .with("lastname", "Novak")
        .with(
            "businessunitid",
            sluice_model::Reference::new("businessunit", before.root_unit),
        );
    engine
        .session_of("admin")
        .unwrap()
        .execute(Request::create(user))
        .unwrap();
    let after = engine.core.current_snapshot().unwrap();
    assert_ne!(before.version, after.version);
    assert!(
        !Arc::ptr_eq(&before.principals, &after.principals),
        "there is a new user"
    );
    assert!(Arc::ptr_eq(&before.catalog, &after.catalog));
    assert!(Arc::ptr_eq(&before.steps, &after.steps));
    assert!(Arc::ptr_eq(&before.settings, &after.settings));
    assert!(Arc::ptr_eq(&before.watches, &after.watches));
    assert!(!before.parts.is_empty());
    for (kind, part) in &before.parts {
        assert!(Arc::ptr_eq(part, after.parts.get(kind).unwrap()));
    }
}
