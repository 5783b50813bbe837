//! What a command works with: the organisation, opened when it is first needed, and the user
//! in whose name it acts.

use std::{
    cell::{Cell, OnceCell, RefCell},
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::Arc,
};

use sluice_engine::{Compiler, Engine, Env, MigratedFile, OpenOptions, Session, SystemEnv, bypass};
use sluice_model::{Code, Error, Parameters, Right, Uuid, names};
use sluice_sales::capabilities;

use crate::{
    door::Door,
    global::{Explicit, Global, Logic},
    output::{self, Form, Outcome, tell},
    screen, telling,
    usage::Usage,
};

/// What a command works with.
pub(crate) struct Context {
    global: Global,
    given: Explicit,
    form: Form,
    engine: OnceCell<Engine>,
    /// Who acts has been said.
    told: Cell<bool>,
    /// The command looks into what was done, and leaves everything as it is.
    only_looks: Cell<bool>,
    /// What the command has done, in words, where it is more than a change of rows.
    done: RefCell<Option<String>>,
}

impl Context {
    pub(crate) fn new(global: Global, given: Explicit) -> Self {
        screen::set(SystemEnv.now());
        let form = output::set_form(if global.json { Some(Form::Json) } else { global.form });
        Self {
            global,
            given,
            form,
            engine: OnceCell::new(),
            told: Cell::new(false),
            only_looks: Cell::new(false),
            done: RefCell::default(),
        }
    }

    /// Whether one JSON document is wanted.
    pub(crate) fn json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether a change that takes something from others goes on without a word.
    pub(crate) fn goes_on(&self) -> bool {
        self.global.yes
    }

    /// Whether nothing but the ids of rows is wanted.
    pub(crate) fn ids(&self) -> bool {
        self.form == Form::Id
    }

    /// The name of the user in whose name to act.
    pub(crate) fn user(&self) -> &str {
        &self.global.acting
    }

    /// The organisation's file.
    pub(crate) fn path(&self) -> anyhow::Result<&Path> {
        let org = &self.global.org;
        if org.to_string_lossy().contains("://") {
            return Err(Usage::because(format!(
                "an organisation is opened by the path of its file; `{}` is an address, and this version reaches none",
                org.display()
            )));
        }
        Ok(org)
    }

    /// Where time and ids come from.
    pub(crate) fn env(&self) -> Arc<dyn Env> {
        Arc::new(SystemEnv)
    }

    /// How organisations are opened.
    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions {
            synchronous: self.global.synchronous.into(),
            cache_dir: cache_dir(),
            compiler: compiler(),
            faults: None,
        }
    }

    /// The organisation.
    pub(crate) fn engine(&self) -> anyhow::Result<&Engine> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let path = self.path()?;
        let engine = self.open(path).map_err(|error| match path.exists() {
            true => error,
            false => self.of_context(error),
        })?;
        Ok(self.engine.get_or_init(|| engine))
    }

    /// Says of an error about the organisation's file that a context named it, where one did.
    pub(crate) fn of_context(&self, mut error: anyhow::Error) -> anyhow::Error {
        if let (true, Some(error)) = (self.global.org_from_context, error.downcast_mut::<Error>()) {
            error.body_mut().message.push_str(
                "; that file is the one of the context in use (`sluice use`): --org names another, and `sluice use --none` \
                 ends it",
            );
        }
        error
    }

    /// An organisation by its file.
    pub(crate) fn open(&self, path: &Path) -> anyhow::Result<Engine> {
        tracing::debug!(org = %path.display(), user = self.user(), "open the organisation");
        let engine = Engine::open(path, &capabilities(), &self.env(), &self.options())?;
        if let Some(migrated) = engine.migrated() {
            tell(&of_migration(path, migrated));
        }
        Ok(engine)
    }

    /// The command looks into what others did, and is to leave everything as it is: what it reads for that leaves no
    /// marks of use.
    pub(crate) fn only_looks(&self) {
        self.only_looks.set(true);
    }

    /// What is asked for nothing but to say something of it, as whom a change reaches: that leaves no marks of use.
    pub(crate) fn looking<T>(&self, ask: impl FnOnce(&Session) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let before = self.only_looks.replace(true);
        let answer = self.session().and_then(|session| ask(&session));
        self.only_looks.set(before);
        answer
    }

    /// Keeps what the command has done that is more than a change of rows: what `outcome` says first.
    pub(crate) fn did(&self, outcome: Outcome) -> Outcome {
        *self.done.borrow_mut() = outcome.text.lines().next().map(ToOwned::to_owned);
        outcome
    }

    /// What that is.
    pub(crate) fn done(&self) -> Option<String> {
        self.done.borrow().clone()
    }

    /// Whether the command has changed anything in the organisation.
    pub(crate) fn has_written(&self) -> bool {
        self.engine.get().is_some_and(Engine::has_written)
    }

    /// The session of the user in whose name to act.
    pub(crate) fn session(&self) -> anyhow::Result<Session> {
        self.session_in(self.engine()?)
    }

    /// The same in an organisation that was opened beside the one of the command.
    pub(crate) fn session_in(&self, engine: &Engine) -> anyhow::Result<Session> {
        let session = engine
            .session_of(&self.global.acting)
            .map_err(|error| self.unknown_user(error))?;
        if session.user() == engine.system_id()? {
            return Err(Usage::because(
                "SYSTEM is the platform itself, and nobody acts as it; act as a user, such as an administrator (--as USER)",
            ));
        }
        self.tell_who();
        let session = match self.only_looks.get() {
            true => session.leaving_no_marks(),
            false => session,
        };
        telling::keep(&session);
        let along = self.passed_over(&session)?;
        let session = session.carrying(along);
        match &self.global.on_behalf_of {
            Some(other) => Ok(session.on_behalf_of(session.find_one("systemuser", other)?)),
            None => Ok(session),
        }
    }

    /// Whoever typed no name is told where it comes from.
    fn unknown_user(&self, error: Error) -> anyhow::Error {
        if !(self.global.from_context && error.code() == Code::NOT_FOUND) {
            return error.into();
        }
        Usage::because(format!(
            "there is no user \"{}\" in {}; that is whom `sluice use` names: `sluice use --none` forgets it, and --as USER is \
             somebody else for once",
            self.global.acting,
            self.global.org.display()
        ))
    }

    /// Who acts is said, once, where a context says it and somebody looks.
    fn tell_who(&self) {
        if self.global.from_context && std::io::stderr().is_terminal() && !self.told.replace(true) {
            tell(&format!("{} in {}", self.global.acting, self.global.org.display()));
        }
    }

    /// What the requests of the command pass over, as their parameters say it.
    fn passed_over(&self, session: &Session) -> anyhow::Result<Parameters> {
        let mut along = Parameters::new();
        if self.global.bypass_plugins {
            along.insert(bypass::PLUGINS.into(), true.into());
        }
        let kinds = [(Logic::Sync, "CustomSync"), (Logic::Async, "CustomAsync")];
        let kinds = kinds.iter().filter(|(kind, _)| self.global.bypass_logic.contains(kind));
        let kinds: Vec<&str> = kinds.map(|(_, word)| *word).collect();
        if !kinds.is_empty() {
            along.insert(bypass::LOGIC.into(), (&*kinds.join(",")).into());
        }
        let steps = self
            .global
            .bypass_steps
            .iter()
            .map(|step| step.trim())
            .filter(|step| !step.is_empty());
        let steps: Vec<&str> = steps.collect();
        self.check_names(session, &steps)?;
        let ids = steps
            .into_iter()
            .map(|step| step_or_workflow(session, step))
            .collect::<anyhow::Result<Vec<String>>>()?;
        if !ids.is_empty() {
            along.insert(bypass::STEPS.into(), (&*ids.join(",")).into());
        }
        Ok(along)
    }

    /// Refuses who names steps to pass over, and may not look them up or pass over anything: at once, for all that
    /// the command asks to pass over.
    fn check_names(&self, session: &Session, steps: &[&str]) -> anyhow::Result<()> {
        if steps.iter().all(|step| step.parse::<Uuid>().is_ok()) {
            return Ok(());
        }
        let plugins = self.global.bypass_plugins.then_some(bypass::PLUGINS_PRIVILEGE);
        let tasks = plugins.into_iter().chain([bypass::LOGIC_PRIVILEGE]);
        let tasks = tasks.map(|task| session.check_task(task));
        let read = session.check_privilege("sdkmessageprocessingstep", Right::Read);
        let refusals = tasks.chain([read]).filter_map(Result::err);
        Error::together(refusals).map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// The same, for commands that need nothing but the door.
    pub(crate) fn door(&self) -> anyhow::Result<impl Door> {
        self.session()
    }

    /// Who acts, as commands name them: as it was said, or, where that may be somebody else by then, by the id.
    pub(crate) fn acting(&self) -> String {
        let said = &self.global.acting;
        let id = match names::is_plain(said) || said.parse::<Uuid>().is_ok() {
            true => None,
            false => self.session().ok().map(|session| session.acting().person()),
        };
        crate::text::quoted(&id.map_or_else(|| said.clone(), |id| id.to_string()))
    }

    /// A command as whoever it is handed on to runs it, in their own name: with the organisation, where it was named
    /// on the command line.
    pub(crate) fn handed_on(&self, command: &str) -> String {
        let mut whole = command.to_owned();
        if self.given.org {
            whole.push_str(" --org ");
            whole.push_str(&crate::text::quoted(&self.global.org.to_string_lossy()));
        }
        whole
    }

    /// A command as somebody can run it again: with the organisation, and with who acts, where that was said in the
    /// place of somebody else.
    pub(crate) fn command(&self, command: &str) -> String {
        let mut whole = self.handed_on(command);
        if self.global.overrides {
            whole.push_str(" --as ");
            whole.push_str(&self.acting());
        }
        whole
    }
}

/// The id of a step, else of a workflow. An id as such is not looked up: the platform passes over
/// ids that it does not know.
fn step_or_workflow(session: &Session, name: &str) -> anyhow::Result<String> {
    if name.parse::<Uuid>().is_ok() {
        return Ok(name.to_owned());
    }
    let step = session.find_one("sdkmessageprocessingstep", name);
    let found = match step {
        Err(error) if error.code() == Code::NOT_FOUND => session.find_one("workflow", name).or(Err(error)),
        step => step,
    };
    Ok(found?.to_string())
}

/// The hidden verb that makes this program the compiler of plug-ins.
pub(crate) const COMPILE: &str = "__compile";

/// The variable by which a shell asks what completes a word.
pub(crate) const COMPLETE: &str = "SLUICE_COMPLETE";

/// This program, as the process that compiles.
fn compiler() -> Option<Compiler> {
    // Also where the file was replaced by another version meanwhile.
    let own = Path::new("/proc/self/exe");
    let program = match own.exists() {
        true => own.to_owned(),
        false => std::env::current_exe().ok()?,
    };
    Some(Compiler::new(program, vec![COMPILE.into()]))
}

/// Where compiled plug-ins are kept.
fn cache_dir() -> Option<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")))?;
    Some(base.join("sluice"))
}

/// What people are told of a file that was brought to the present form.
pub(crate) fn of_migration(path: &Path, migrated: &MigratedFile) -> String {
    let copy = match &migrated.copy {
        Some(copy) => format!("; a copy of it as it was: {}", copy.display()),
        None => String::new(),
    };
    if migrated.from == migrated.to {
        return format!(
            "made the indexes of {} anew, by the present rules for texts{copy}",
            path.display()
        );
    }
    format!(
        "brought {} from form {} to form {}{copy}",
        path.display(),
        migrated.from,
        migrated.to
    )
}
