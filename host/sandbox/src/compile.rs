//! Compiling apart: a process of its own makes a component of a module, or checks and compiles one,
//! within a gigabyte and a minute, one at a time. What a compiler does to a hostile file it does there.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Seek, Write},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sluice_model::{Code, Error, Result, codes::Kind, error::Limit};

use crate::{component, engine, os};

/// The program that compiles: it has to call [`run_compiler`] first of all, and end with the status
/// that this gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// The program.
    pub program: PathBuf,
    /// What it is called with, so that it knows what is wanted.
    pub arguments: Vec<OsString>,
    /// How long it may take for one file.
    pub time: Duration,
}

impl Compiler {
    /// A program that compiles, with the usual time.
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<OsString>) -> Self {
        Self {
            program: program.into(),
            arguments,
            time: TIME,
        }
    }
}

/// The addresses that the process may have.
const MEMORY: u64 = 1 << 30;

/// How long it may take, unless the setting says otherwise.
const TIME: Duration = Duration::from_secs(60);

/// Compiled code is no larger.
const LARGEST: u64 = 256 << 20;

/// The file was refused, and the answer says why.
const REFUSED: u8 = 1;
/// The process could not do its work, whatever the file.
const FAILED: u8 = 3;

/// The word for an engine that has no pool of instances: its code differs.
const PLAIN: &str = "plain";

/// The word for making a component of a core module, and not machine code.
const COMPONENT: &str = "component";

/// One at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Runs `work` when nobody else of this process compiles.
pub(crate) fn in_turn<T>(work: impl FnOnce() -> T) -> T {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// The machine code of a component.
///
/// # Errors
/// The file is refused, or takes more than is given; a host error where there is no compiler, or
/// none that works.
pub(crate) fn compile(compiler: Option<&Compiler>, pooled: bool, bytes: &[u8]) -> Result<Vec<u8>> {
    run(compiler, if pooled { None } else { Some(PLAIN) }, bytes)
}

/// The component that a core module becomes.
///
/// # Errors
/// As [`compile`].
pub(crate) fn componentize(compiler: Option<&Compiler>, bytes: &[u8]) -> Result<Vec<u8>> {
    run(compiler, Some(COMPONENT), bytes)
}

fn run(compiler: Option<&Compiler>, word: Option<&str>, bytes: &[u8]) -> Result<Vec<u8>> {
    let compiler = compiler
        .ok_or_else(|| Error::host("a plug-in has to be compiled, and this program was set up without a compiler"))?;
    let failed = |error: io::Error| Error::host(format!("the compiler of plug-ins cannot be run: {error}"));
    let (code, answer) = (|| {
        let mut input = tempfile::tempfile()?;
        input.write_all(bytes)?;
        input.rewind()?;
        let mut output = tempfile::tempfile()?;
        let child = start(compiler, word, input, output.try_clone()?)?;
        let ended = wait(child, compiler.time)?;
        output.rewind()?;
        let mut answer = Vec::new();
        output.take(LARGEST).read_to_end(&mut answer)?;
        io::Result::Ok((ended, answer))
    })()
    .map_err(failed)?;
    match code.map(|status| status.code().and_then(|code| u8::try_from(code).ok())) {
        Some(Some(0)) => Ok(answer),
        Some(Some(REFUSED)) => Err(refusal(&String::from_utf8_lossy(&answer))),
        // It was ended by a signal, or panicked over the file.
        Some(None | Some(101)) => Err(too_much(compiler, MEMORY, "bytes")),
        Some(Some(_)) => Err(Error::host(format!(
            "the compiler of plug-ins, {}, does not work: {}",
            compiler.program.display(),
            String::from_utf8_lossy(&answer)
        ))),
        None => Err(too_much(
            compiler,
            u64::try_from(compiler.time.as_millis()).unwrap_or(u64::MAX),
            "ms",
        )),
    }
}

/// What the process says of a file that it refuses: the code, and a sentence.
fn refusal(answer: &str) -> Error {
    let told = answer.split_once('\n').and_then(|(code, message)| {
        let code = Code::parse(code).filter(|code| REFUSALS.contains(code))?;
        Some(Error::new(code, message))
    });
    told.unwrap_or_else(|| Error::new(Code::FOREIGN_CONTRACT, answer))
}

/// Why a file is refused.
const REFUSALS: [Code; 3] = [Code::NOT_A_PLUGIN, Code::FOREIGN_CONTRACT, Code::PLUGIN_TOO_LARGE];

fn start(compiler: &Compiler, word: Option<&str>, input: File, output: File) -> io::Result<Child> {
    let mut command = Command::new(&compiler.program);
    command
        .args(&compiler.arguments)
        .args(word)
        // Threads and their heaps take addresses, too.
        .env_clear()
        .env("RAYON_NUM_THREADS", "2")
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
}

/// How the process ended; nothing where its time was up.
fn wait(mut child: Child, time: Duration) -> io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() > time {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn too_much(compiler: &Compiler, allowed: u64, unit: &'static str) -> Error {
    let message = format!(
        "the plug-in cannot be compiled with what this host gives for that, {} MiB and {} s",
        MEMORY >> 20,
        compiler.time.as_secs_f32()
    );
    let mut error = Error::new(Code::PLUGIN_TOO_LARGE, message);
    error.body_mut().limit = Some(Limit {
        name: "compile".to_owned(),
        allowed,
        used: allowed,
        unit,
    });
    error
}

/// Compiles what comes from standard input to standard output: the whole work of the process that
/// calls it. It limits itself before it reads anything. The status to end with.
pub fn run_compiler(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let has = |word: &str| words.iter().any(|argument| argument == word);
    let made = limited().and_then(|bytes| match has(COMPONENT) {
        true => component::componentize(&bytes),
        false => machine_code(&bytes, has(PLAIN)),
    });
    let (status, answer) = match made {
        Ok(made) => (0, made),
        Err(error) if error.kind() == Kind::Host => (FAILED, error.message().as_bytes().to_vec()),
        Err(error) => (REFUSED, format!("{}\n{}", error.code(), error.message()).into_bytes()),
    };
    match io::stdout().lock().write_all(&answer) {
        Ok(()) => status,
        Err(_) => FAILED,
    }
}

/// Limits the process, and then reads the file.
fn limited() -> Result<Vec<u8>> {
    let failed = |error: io::Error| Error::host(format!("the compiler cannot limit itself: {error}"));
    os::limit(MEMORY, LARGEST, TIME.as_secs() * 2).map_err(failed)?;
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(component::MAXIMUM_SIZE as u64 * 2)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

fn machine_code(bytes: &[u8], plain: bool) -> Result<Vec<u8>> {
    component::check(bytes)?;
    let engine = engine::of_compiler(plain)?;
    engine.precompile_component(bytes).map_err(|error| {
        let reason: Vec<String> = error.chain().map(ToString::to_string).collect();
        Error::new(
            Code::FOREIGN_CONTRACT,
            format!("this host cannot run the plug-in: {}", reason.join(": ")),
        )
    })
}
