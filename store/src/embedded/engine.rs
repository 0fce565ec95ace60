//! The child process in which ClickHouse runs: entered by the hidden command `qoe engine`, never by hand.
//!
//! It must end when its parent does, also when the parent is killed with -9. On Linux the kernel sees to that (parent-death signal, which an
//! `exec` keeps); beside it, and elsewhere instead of it, a thread waits for the end of stdin, whose other end only the parent holds.

#![allow(unsafe_code, reason = "loading a C library and calling its one function")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::fetch::Engine;

/// How the child is to run.
#[derive(Debug, Clone)]
pub struct EngineArgs {
    /// The engine.
    pub engine: Engine,
    /// Folder of its data and its `config.xml`.
    pub path: std::path::PathBuf,
    /// Loopback port of its HTTP interface.
    pub port: u16,
    /// Process id of the parent that must be alive.
    pub parent: u32,
}

/// A query that opens the HTTP interface, and one that never ends: `local` serves for as long as its queries run.
const SERVE: &str = "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3) FROM system.numbers SETTINGS max_block_size = 1 FORMAT Null";

/// Runs ClickHouse in this process until it is killed or its parent ends. Returns only when it failed to start.
pub fn run(args: &EngineArgs) -> io::Result<()> {
    die_with_parent(args.parent)?;
    // A former engine of this store that is still dying holds this lock; we wait for it rather than share its files.
    let lock = File::create(args.path.join("engine.lock"))?;
    lock.lock()?;
    let arguments = arguments(&args.path, args.port);
    match &args.engine {
        Engine::Program(program) => exec(program, &arguments),
        Engine::Library(library) => call(library, &arguments),
    }
}

fn arguments(path: &Path, port: u16) -> Vec<String> {
    vec![
        format!("--path={}", path.display()),
        format!("--config-file={}", path.join("config.xml").display()),
        format!("--http_port={port}"),
        "--listen_host=127.0.0.1".to_owned(),
        "--query".to_owned(),
        SERVE.to_owned(),
    ]
}

fn die_with_parent(parent: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(parent) {
        return Err(io::Error::other("the process that started this engine is gone"));
    }
    std::thread::spawn(|| {
        let mut byte = [0];
        while matches!(io::stdin().read(&mut byte), Ok(1..)) {}
        std::process::exit(0);
    });
    Ok(())
}

fn exec(program: &Path, arguments: &[String]) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(std::process::Command::new(program).arg("local").args(arguments).exec())
}

type QueryCmdline = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut c_void;
type ResultError = unsafe extern "C" fn(*mut c_void) -> *const c_char;

fn call(library: &Path, arguments: &[String]) -> io::Result<()> {
    let mut words = vec![CString::new("clickhouse")?];
    for argument in arguments {
        words.push(CString::new(argument.as_str())?);
    }
    let mut pointers: Vec<*mut c_char> = words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    // SAFETY: the library is the pinned libchdb, whose two functions have these signatures (chdb.h); the argument strings outlive the call, which
    // reads them only; the error text belongs to the result, which is not freed.
    let error = unsafe {
        let library = libloading::Library::new(library).map_err(io::Error::other)?;
        let query: libloading::Symbol<QueryCmdline> = library.get(b"chdb_query_cmdline\0").map_err(io::Error::other)?;
        let result_error: libloading::Symbol<ResultError> = library.get(b"chdb_result_error\0").map_err(io::Error::other)?;
        let result = query(c_int::try_from(pointers.len()).map_err(io::Error::other)?, pointers.as_mut_ptr());
        let error = if result.is_null() { std::ptr::null() } else { result_error(result) };
        if error.is_null() { None } else { Some(CStr::from_ptr(error).to_string_lossy().into_owned()) }
    };
    Err(io::Error::other(error.unwrap_or_else(|| "ClickHouse ended without a word".to_owned())))
}
