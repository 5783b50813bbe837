//! The process that is killed: some threads that make, change, qualify, list and delete rows, and
//! say what was answered.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread,
};

use sluice_engine::{Engine, Env, OpenOptions, Session, SystemEnv};
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Row, Uuid, Value, codes::Kind};
use sluice_sales::{
    capabilities,
    qualify::{self, Choices},
};
use sluice_tests::{program, root};

const THREADS: u64 = 4;

/// Numbers that are the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below that one.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }
}

/// The administrator's session on a file.
pub(crate) fn open(file: &Path) -> anyhow::Result<Session> {
    Ok(engine(file)?.session_of("admin")?)
}

fn engine(file: &Path) -> anyhow::Result<Engine> {
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let options = OpenOptions {
        cache_dir: Some(root().join("target/tests-cache")),
        compiler: Some(program::compiler()),
        ..OpenOptions::default()
    };
    Ok(Engine::open(file, &capabilities(), &env, &options)?)
}

/// Works until it is killed.
pub(crate) fn run(file: &Path, seed: u64) -> ExitCode {
    let engine = match engine(file) {
        Ok(engine) => engine,
        Err(error) => {
            say(&format!("wrong the file cannot be opened: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    thread::scope(|scope| {
        for number in 0..THREADS {
            let user = ["seller.west", "manager"][usize::from(number % 2 == 1)];
            let engine = &engine;
            scope.spawn(move || match engine.session_of(user) {
                Ok(session) => Worker {
                    session,
                    dice: Dice::new(seed * THREADS + number),
                    own: Vec::new(),
                }
                .work(),
                Err(error) => say(&format!("wrong {user} cannot work: {error}")),
            });
        }
    });
    ExitCode::FAILURE
}

/// A line, whole.
fn say(line: &str) {
    let line = format!("{}\n", line.replace('\n', " "));
    let mut out = io::stdout().lock();
    if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
        // Nobody listens: it is over.
        std::process::exit(1);
    }
}

struct Worker {
    session: Session,
    dice: Dice,
    /// Open leads that this thread made.
    own: Vec<Uuid>,
}

impl Worker {
    fn work(mut self) {
        loop {
            let done = match self.dice.below(20) {
                0..8 => self.make(),
                8..12 => self.change(),
                12..14 => self.qualify(),
                14 => self.remove(),
                15..18 => self.list(),
                18 => self.count(),
                _ => self.refused(),
            };
            match done {
                Ok(()) => {}
                Err(error) if error.code() == Code::BUSY => say("refused"),
                Err(error) if error.kind() == Kind::Host => say(&format!("wrong {} {error}", error.code())),
                Err(error) => say(&format!("wrong refused: {} {error}", error.code())),
            }
        }
    }

    fn subject(&mut self) -> String {
        format!("soak {}", self.dice.below(1 << 40))
    }

    fn make(&mut self) -> Result<(), Error> {
        let (id, subject) = (SystemEnv.new_id(), self.subject());
        let lead = Row::new("lead", id)
            .with("subject", subject.as_str())
            .with("lastname", format!("Soak {}", self.dice.below(1 << 40)))
            .with("companyname", format!("Company {id}"))
            .with("address1_stateorprovince", "CA")
            .with("telephone1", "(425) 555-0100");
        self.session.execute(Request::create(lead))?;
        say(&format!("row {id} {subject}"));
        self.own.push(id);
        Ok(())
    }

    fn one(&mut self) -> Option<usize> {
        let count = u64::try_from(self.own.len()).ok().filter(|count| *count > 0)?;
        usize::try_from(self.dice.below(count)).ok()
    }

    fn change(&mut self) -> Result<(), Error> {
        let Some(id) = self.one().and_then(|place| self.own.get(place).copied()) else {
            return self.make();
        };
        let subject = self.subject();
        say(&format!("will {id}"));
        let change = Row::new("lead", id).with("subject", subject.as_str());
        self.session.execute(Request::update(change))?;
        say(&format!("row {id} {subject}"));
        Ok(())
    }

    /// Whoever qualifies may lack what a plug-in needs: then the lead stays as it is.
    fn qualify(&mut self) -> Result<(), Error> {
        let Some(place) = self.one() else { return self.make() };
        let id = self.own.swap_remove(place);
        match self.session.execute(qualify::request(id, &Choices::default())) {
            Ok(_) => say("read"),
            Err(error) if error.kind() == Kind::Host => return Err(error),
            Err(_) => say("refused"),
        }
        Ok(())
    }

    fn remove(&mut self) -> Result<(), Error> {
        let Some(place) = self.one() else { return self.make() };
        let id = self.own.swap_remove(place);
        say(&format!("will {id}"));
        match self.session.execute(Request::delete(Reference::new("lead", id))) {
            Ok(_) => say(&format!("gone {id}")),
            Err(error) if error.kind() == Kind::Host => return Err(error),
            Err(_) => say("refused"),
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(), Error> {
        let filter = Filter::eq("statecode", Value::Choice(0));
        let query = Query::new("lead").filter(filter).order_by("subject").top(50);
        self.session.list(query)?;
        say("read");
        Ok(())
    }

    fn count(&mut self) -> Result<(), Error> {
        let contacts = Query::new("contact").columns(&["fullname"]).top(20);
        self.session.list(contacts)?;
        say("read");
        Ok(())
    }

    fn refused(&mut self) -> Result<(), Error> {
        let lead = Row::unsaved("lead").with("lastname", "x").with("nothing", "x");
        match self.session.execute(Request::create(lead)) {
            Ok(_) => say("wrong a column that is not there was written"),
            Err(error) if error.kind() == Kind::Host => return Err(error),
            Err(_) => say("refused"),
        }
        Ok(())
    }
}
