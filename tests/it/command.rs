//! The program as people run it, and what is looked for in what it says.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Runs `qoe` to its end.
pub fn qoe(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qoe")).args(words).env("QOE_LANG", "en").output().expect("run qoe")
}

/// Its answer as text.
#[track_caller]
pub fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Its answer as JSON.
#[track_caller]
pub fn json(output: &Output) -> Value {
    serde_json::from_str(&text(output)).unwrap()
}

/// It ended with this code and said why; an answer may stand beside it.
#[track_caller]
pub fn ended(output: &Output, code: i32, said: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(said), "{said:?} is not in\n{stderr}");
}

/// The same without any answer.
#[track_caller]
pub fn ends(output: &Output, code: i32, said: &str) {
    ended(output, code, said);
    assert!(output.stdout.is_empty(), "it answered: {}", String::from_utf8_lossy(&output.stdout));
}

/// A file of this name that is there for as long as its folder.
pub fn file(name: &str, text: impl AsRef<[u8]>) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path.to_string_lossy().into_owned())
}
