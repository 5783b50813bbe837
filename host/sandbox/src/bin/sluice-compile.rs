//! The process that compiles plug-ins, alone: for the tests of this crate. The program that ships
//! does the same under a hidden verb.

fn main() -> std::process::ExitCode {
    sluice_sandbox::run_compiler(std::env::args_os().skip(1)).into()
}
