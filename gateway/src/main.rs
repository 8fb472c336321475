//! The program `nsk`: everything is in the library, so that tests can reach it.

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os();
    ExitCode::from(gateway::cli::run(arguments, &mut io::stdout(), &mut io::stderr()))
}
