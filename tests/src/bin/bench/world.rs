//! The organisations that are measured: copies of one template, in a folder that goes when
//! the run ends, on the disk of `target/`.

use std::{
    cell::{Cell, OnceCell},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use sluice_engine::{Engine, Env, Founding, OpenOptions, Session, Synchronous, SystemEnv};
use sluice_model::{Depth, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{Assembly, StepSpec};
use sluice_sales::{capabilities, sample};

/// Trace setting: only what failed.
pub(crate) const EXCEPTION: i32 = 1;
/// Trace setting: everything.
pub(crate) const ALL: i32 = 2;

/// Where organisations are made.
pub(crate) struct Bench {
    /// `target/bench`.
    pub(crate) home: PathBuf,
    folder: tempfile::TempDir,
    template: OnceCell<PathBuf>,
    copies: Cell<u32>,
    env: Arc<dyn Env>,
}

impl Bench {
    pub(crate) fn new() -> Result<Self> {
        let home = sluice_tests::root().join("target/bench");
        fs::create_dir_all(&home)?;
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(&home)?;
        Ok(Self {
            home,
            folder,
            template: OnceCell::new(),
            copies: Cell::new(0),
            env: Arc::new(SystemEnv),
        })
    }

    /// A new id, as the engine makes them.
    pub(crate) fn new_id(&self) -> Uuid {
        self.env.new_id()
    }

    /// Now, in microseconds since 1970.
    pub(crate) fn microseconds(&self) -> i64 {
        self.env.now().as_microsecond()
    }

    /// Now, as RFC 3339.
    pub(crate) fn now(&self) -> String {
        self.env.now().to_string()
    }

    /// The sample organisation without plug-ins but the one that is measured, without steps,
    /// tracing what fails.
    fn template(&self) -> Result<&Path> {
        if let Some(path) = self.template.get() {
            return Ok(path);
        }
        let path = self.folder.path().join("template.db");
        let fill = |engine: &Engine| {
            sample::fill(engine, &[])?;
            let admin = engine.session_of("admin")?;
            set_trace(&admin, EXCEPTION)?;
            push(&admin, "bench", sluice_tests::wasm("guests", "bench")).map(|_| ())
        };
        Engine::create(
            &path,
            &Founding::default(),
            &capabilities(),
            &self.env,
            &self.options(Synchronous::Off),
            fill,
        )
        .context("the organisation to be measured cannot be made")?;
        Ok(self.template.get_or_init(|| path))
    }

    /// The file of a new organisation.
    pub(crate) fn copy(&self) -> Result<PathBuf> {
        let path = self.folder.path().join(format!("{}.db", self.copies.get()));
        self.copies.set(self.copies.get() + 1);
        fs::copy(self.template()?, &path)?;
        Ok(path)
    }

    /// A copy of a file that nobody has open.
    pub(crate) fn copy_of(&self, file: &Path) -> Result<PathBuf> {
        let path = self.copy()?;
        fs::copy(file, &path)?;
        Ok(path)
    }

    pub(crate) fn open(&self, path: &Path, synchronous: Synchronous) -> Result<Engine> {
        Ok(Engine::open(
            path,
            &capabilities(),
            &self.env,
            &self.options(synchronous),
        )?)
    }

    /// An organisation opened by its administrator, where no commit waits for the disk.
    pub(crate) fn admin(&self, path: &Path) -> Result<Session> {
        Ok(self.open(path, Synchronous::Off)?.session_of("admin")?)
    }

    /// An organisation that is made once and kept in `target/bench` for later runs: one of the
    /// same stamp serves again, others of its name are removed. `make` says what file it is
    /// made of, which goes with the run.
    pub(crate) fn kept(&self, name: &str, stamp: u64, make: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
        let path = self.home.join(format!("{name}-{stamp:016x}.db"));
        if path.exists() {
            return Ok(path);
        }
        for old in fs::read_dir(&self.home)?.flatten() {
            let old_name = old.file_name();
            if old_name.to_string_lossy().starts_with(&format!("{name}-")) {
                fs::remove_file(old.path())?;
            }
        }
        fs::rename(make()?, &path)?;
        Ok(path)
    }

    fn options(&self, synchronous: Synchronous) -> OpenOptions {
        OpenOptions {
            synchronous,
            cache_dir: Some(self.home.join("cache")),
            compiler: Some(sluice_tests::program::compiler()),
            ..OpenOptions::default()
        }
    }

    /// A new organisation with that many steps on Create of lead, each calling the plug-in
    /// with twenty getters; closed again.
    pub(crate) fn with_steps(&self, steps: i32) -> Result<PathBuf> {
        let path = self.copy()?;
        let admin = self.admin(&path)?;
        for rank in 1..=steps {
            admin.register_step(&StepSpec {
                plugin: "bench/getters".to_owned(),
                message: "Create".to_owned(),
                table: Some("lead".to_owned()),
                stage: 20,
                rank,
                name: Some(format!("getters {rank}")),
                ..StepSpec::default()
            })?;
        }
        Ok(path)
    }
}

/// Pushes a plug-in; the ids of its steps.
pub(crate) fn push(admin: &Session, name: &str, bytes: Vec<u8>) -> sluice_model::Result<Vec<Uuid>> {
    let assembly = Assembly {
        name: name.to_owned(),
        bytes,
        description: None,
    };
    Ok(admin
        .push(&assembly, &sluice_platform::PushOptions::default())?
        .added
        .into_iter()
        .map(|(id, _)| id)
        .collect())
}

/// Gives a role a privilege in the whole organisation.
pub(crate) fn grant(admin: &Session, role: &str, privilege: &str) -> sluice_model::Result<()> {
    let row = Row::unsaved("roleprivilege")
        .with("PrivilegeName", privilege)
        .with("Depth", Depth::Organization.number());
    let request = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(admin.find_one("role", role)?))
        .with("Privileges", Parameter::Rows(vec![row]));
    admin.execute(request).map(|_| ())
}

/// Sets what is traced.
pub(crate) fn set_trace(admin: &Session, setting: i32) -> sluice_model::Result<()> {
    set(admin, "plugintracelogsetting", Value::Choice(setting))
}

/// Gives a setting of the organisation, a column of its row, another value.
pub(crate) fn set(admin: &Session, setting: &str, value: Value) -> sluice_model::Result<()> {
    for row in admin.list(Query::new("organization").columns(&[]))? {
        let row = Row::new("organization", row.id).with(setting, value.clone());
        admin.execute(Request::update(row))?;
    }
    Ok(())
}

/// Creates a row; its id.
pub(crate) fn create(admin: &Session, row: Row) -> sluice_model::Result<Uuid> {
    admin.batch(|batch| batch.create(row.clone()))
}

/// Creates rows, all in one transaction; their ids.
pub(crate) fn create_all<R>(admin: &Session, rows: impl Fn() -> R + Send + Sync) -> sluice_model::Result<Vec<Uuid>>
where
    R: Iterator<Item = Row>,
{
    admin.batch(|batch| rows().map(|row| batch.create(row)).collect())
}

/// Reads a file once, so that it is in the machine's memory, as that of a busy organisation is.
pub(crate) fn warm(file: &Path) -> Result<()> {
    io::copy(&mut fs::File::open(file)?, &mut io::sink())?;
    Ok(())
}

const FIRST: [&str; 28] = [
    "Yvonne", "Susanna", "Nancy", "Maria", "Sidney", "Scott", "Robert", "Rene", "Jim", "Thomas", "Alex", "Patrick",
    "Aisha", "Tom", "Zoe", "Bjorn", "Le", "Olga", "Priya", "Ken", "Noor", "Samir", "Ines", "Chidi", "Hannah", "Marek",
    "Lucia", "Wei",
];

const LAST: [&str; 12] = [
    "McKay",
    "Stubberod",
    "Anderson",
    "Campbell",
    "Higa",
    "Konersmann",
    "Lyon",
    "Valdes",
    "Glynn",
    "Andersen",
    "Wu",
    "O'Neil",
];

/// First and last name of a lead: hundreds of thousands of pairs, in no order, as the index
/// on the name meets them.
pub(crate) fn name(index: usize) -> (String, String) {
    let mixed = index.wrapping_mul(2_654_435_761);
    (
        FIRST[mixed % FIRST.len()].to_owned(),
        format!("{}-{}", LAST[(mixed >> 5) % LAST.len()], (mixed >> 9) % 9_973),
    )
}

/// The address of a lead: each has one of its own.
pub(crate) fn email(index: usize) -> String {
    let (first, last) = name(index);
    format!("{}.{}.{index}@example.com", first.to_lowercase(), last.to_lowercase())
}

/// Takes every duplicate rule out of work.
pub(crate) fn unpublish_rules(admin: &Session) -> sluice_model::Result<()> {
    for rule in admin.list(Query::new("duplicaterule").columns(&[]))? {
        admin.execute(Request::new("UnpublishDuplicateRule").with("DuplicateRuleId", Value::Id(rule.id)))?;
    }
    Ok(())
}

/// The columns of a lead that are filled, in the order in which the measured plug-in
/// (`tests/guests/bench`) asks for them.
pub(crate) const COLUMNS: [&str; 20] = [
    "subject",
    "firstname",
    "lastname",
    "companyname",
    "jobtitle",
    "emailaddress1",
    "telephone1",
    "mobilephone",
    "fax",
    "websiteurl",
    "address1_line1",
    "address1_city",
    "address1_stateorprovince",
    "address1_postalcode",
    "address1_country",
    "description",
    "numberofemployees",
    "leadsourcecode",
    "donotemail",
    "revenue",
];

/// A lead of twenty values: the columns that the measured plug-in asks for.
pub(crate) fn lead(index: usize) -> Row {
    let (first, last) = name(index);
    let revenue = sluice_model::Decimal::new(i64::try_from(index % 1000).unwrap_or_default() * 12_345, 2);
    Row::unsaved("lead")
        .with("subject", "Good prospect, wants to hear of new products")
        .with("emailaddress1", email(index))
        .with("firstname", first)
        .with("lastname", last)
        .with("companyname", format!("Adventure Works {index}"))
        .with("jobtitle", "Purchasing Manager")
        .with("telephone1", "+1 425 555 0100")
        .with("mobilephone", "+1 425 555 0101")
        .with("fax", "+1 425 555 0102")
        .with("websiteurl", "https://adventure-works.example/")
        .with("address1_line1", "1 Main Street")
        .with("address1_city", "Redmond")
        .with("address1_stateorprovince", "WA")
        .with("address1_postalcode", "98052")
        .with("address1_country", "United States")
        .with(
            "description",
            "Met at the fair; asked for a quote for twenty bicycles, to be sent before the end of the month.",
        )
        .with("numberofemployees", 250)
        .with("leadsourcecode", Value::Choice(7))
        .with("donotemail", false)
        .with("revenue", Value::Money(revenue))
}

/// A contact of an account, with ten values besides.
pub(crate) fn contact(index: usize, account: Uuid) -> Row {
    let (first, last) = name(index);
    Row::unsaved("contact")
        .with("parentcustomerid", Reference::new("account", account))
        .with("emailaddress1", email(index))
        .with("firstname", first)
        .with("lastname", last)
        .with("jobtitle", "Purchasing Manager")
        .with("telephone1", "+1 425 555 0100")
        .with("mobilephone", "+1 425 555 0101")
        .with("address1_line1", "1 Main Street")
        .with("address1_city", "Redmond")
        .with("address1_stateorprovince", "WA")
        .with("address1_postalcode", "98052")
}

/// Leads one after the other, all different.
pub(crate) struct Leads {
    owner: Option<Reference>,
    next: usize,
}

impl Leads {
    pub(crate) fn from(start: usize) -> Self {
        Self {
            owner: None,
            next: start,
        }
    }

    /// The same for another owner than the caller.
    pub(crate) fn owned_by(self, owner: Uuid) -> Self {
        Self {
            owner: Some(Reference::new("systemuser", owner)),
            ..self
        }
    }
}

impl Iterator for Leads {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut row = lead(self.next);
        self.next += 1;
        if let Some(owner) = &self.owner {
            row.set("ownerid", owner.clone());
        }
        Some(row)
    }
}
