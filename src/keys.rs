//! `qoe keys`: make, list and revoke the keys under which data come in and pages open.

use std::io::Write;

use chrono::{DateTime, SecondsFormat};
use qoe_store::Millis;
use qoe_store::keys::{AccessKey, Issued, KeyError, Kind, NewKey, Origin, Proof, Rates, table};
use serde_json::{Value, json};

use crate::access::{Access, StoreArgs};
use crate::exit::{NothingFound, WrongUse};
use crate::keyring::now;

/// Who is written into the audit.
const ACTOR: &str = "cli";
/// Longest name of a project, bytes: as long as a label of a row may be.
const MAX_PROJECT_BYTES: usize = 256;
/// Longest note, bytes.
const MAX_NOTE_BYTES: usize = 1024;
/// Most origins of a key, and most projects.
const MAX_LISTED: usize = 100;

/// What to do with keys.
#[derive(Debug, clap::Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, clap::Subcommand)]
enum KeysCommand {
    /// Make a key. A running `qoe serve` knows it within a few seconds.
    #[command(subcommand)]
    Create(CreateCommand),
    /// Every key, the oldest first.
    List(ListArgs),
    /// Make a key invalid, for good. A running `qoe serve` refuses it within ten seconds.
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Subcommand)]
enum CreateCommand {
    /// A public key, to send data into one project with. It opens no page.
    Write(WriteArgs),
    /// A secret key, to read pages and API of its projects with. It is shown once and takes no data.
    Read(ReadArgs),
}

#[derive(Debug, clap::Args)]
struct WriteArgs {
    /// The project it sends into.
    #[arg(long, value_name = "NAME")]
    project: String,
    /// A web page's origin that may send with it, such as `https://app.example`, or * for any; may be given several times [default: any].
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<Origin>,
    /// Rows per second that all its senders together may send, beyond bursts of ten seconds' worth.
    #[arg(long, default_value_t = Rates::DEFAULT.rows_per_second, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rows_per_second: u32,
    /// Batches per second that one client address may send, beyond bursts of ten seconds' worth.
    #[arg(long, default_value_t = Rates::DEFAULT.batches_per_second, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batches_per_second: u32,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, clap::Args)]
struct ReadArgs {
    /// A project it opens; may be given several times.
    #[arg(long = "project", required = true, value_name = "NAME")]
    projects: Vec<String>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, clap::Args)]
struct CommonArgs {
    /// What it is for, in your words.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    note: String,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// The key's id, as `qoe keys list` shows it.
    id: String,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Does it.
pub async fn run(args: KeysArgs) -> anyhow::Result<()> {
    match args.command {
        KeysCommand::Create(CreateCommand::Write(args)) => {
            let rates = Rates { rows_per_second: args.rows_per_second, batches_per_second: args.batches_per_second };
            let wanted =
                NewKey { kind: Kind::Write, projects: vec![args.project], origins: args.origins, rates, note: args.common.note.clone() };
            create(wanted, args.common).await
        }
        KeysCommand::Create(CreateCommand::Read(args)) => {
            let wanted = NewKey {
                kind: Kind::Read,
                projects: args.projects,
                origins: Vec::new(),
                rates: Rates::NONE,
                note: args.common.note.clone(),
            };
            create(wanted, args.common).await
        }
        KeysCommand::List(args) => {
            let access = args.store.administer().await?;
            let keys = table::all(&access.endpoint).await;
            with(access, keys, |keys| print_list(&keys, args.json)).await
        }
        KeysCommand::Revoke(args) => {
            let access = args.store.administer().await?;
            let at = now();
            let revoked = table::revoke(&access.endpoint, &args.id, ACTOR, at).await;
            with(access, revoked, |before| print_revoked(before, at, args.json)).await
        }
    }
}

/// Ends the access, then prints what came of it.
async fn with<T>(access: Access, done: Result<T, KeyError>, print: impl FnOnce(T) -> anyhow::Result<()>) -> anyhow::Result<()> {
    access.close().await;
    match done {
        Ok(done) => print(done),
        Err(error @ KeyError::NoSuchKey { .. }) => Err(NothingFound(error.to_string()).into()),
        Err(error) => Err(error.into()),
    }
}

async fn create(mut wanted: NewKey, args: CommonArgs) -> anyhow::Result<()> {
    check(&wanted)?;
    let mut seen = std::collections::HashSet::new();
    wanted.projects.retain(|project| seen.insert(project.clone()));
    let access = args.store.administer().await?;
    let issued = table::create(&access.endpoint, wanted, ACTOR, now()).await;
    with(access, issued, |issued| print_issued(&issued, args.json)).await
}

fn check(wanted: &NewKey) -> Result<(), WrongUse> {
    for project in &wanted.projects {
        if project.is_empty() || project.len() > MAX_PROJECT_BYTES || project.chars().any(char::is_control) {
            return Err(WrongUse(format!(
                "--project {project:?} is no project: a name has 1 to {MAX_PROJECT_BYTES} bytes and no control characters"
            )));
        }
    }
    if wanted.note.len() > MAX_NOTE_BYTES {
        return Err(WrongUse(format!("--note has {} bytes, the limit is {MAX_NOTE_BYTES}", wanted.note.len())));
    }
    let listed = wanted.origins.len().max(wanted.projects.len());
    if listed > MAX_LISTED {
        return Err(WrongUse(format!("{listed} origins or projects, a key has at most {MAX_LISTED}: make several keys")));
    }
    Ok(())
}

fn print_issued(issued: &Issued, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let Issued { key, text } = issued;
    if as_json {
        let mut shown = shown(key);
        shown["key"] = json!(text);
        writeln!(out, "{shown}")?;
        return Ok(());
    }
    writeln!(out, "{text}")?;
    let mut hints = std::io::stderr().lock();
    match key.kind {
        Kind::Write => writeln!(
            hints,
            "write key {} of project {}: public, put it into your page or send it as X-Qoe-Key; `qoe keys revoke {}` ends it",
            key.id,
            key.projects.join(", "),
            key.id
        )?,
        Kind::Read => writeln!(
            hints,
            "read key {} of {}: secret and not shown again; enter it in the browser or send it as Authorization: Bearer; `qoe keys revoke {}` ends it",
            key.id,
            key.projects.join(", "),
            key.id
        )?,
    }
    Ok(())
}

fn print_list(keys: &[AccessKey], as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", Value::from(keys.iter().map(shown).collect::<Vec<_>>()))?;
    } else if !keys.is_empty() {
        let head = ["id", "kind", "project", "origins", "rows/s", "batches/s", "created", "revoked", "last used", "note"];
        let rows: Vec<[String; 10]> = keys.iter().map(cells).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(head[column].len());
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let line = |cells: &[String]| {
            let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            padded.join("  ").trim_end().to_owned()
        };
        writeln!(out, "{}", line(&head.map(str::to_owned)))?;
        for row in &rows {
            writeln!(out, "{}", line(row))?;
        }
    }
    if keys.is_empty() {
        return Err(NothingFound("the store holds no keys: `qoe keys create write --project NAME` makes one".to_owned()).into());
    }
    Ok(())
}

fn print_revoked(before: AccessKey, now: Millis, as_json: bool) -> anyhow::Result<()> {
    let already = before.revoked_at;
    let key = AccessKey { revoked_at: already.or(Some(now)), ..before };
    let mut out = std::io::stdout().lock();
    match already {
        _ if as_json => writeln!(out, "{}", shown(&key))?,
        Some(at) => writeln!(out, "{} key {} was revoked before, at {}", key.kind.as_str(), key.id, rfc_3339(at))?,
        None => writeln!(out, "{} key {} of {} is revoked", key.kind.as_str(), key.id, key.projects.join(", "))?,
    }
    Ok(())
}

/// A key as JSON: a write key with its text, which is public.
fn shown(key: &AccessKey) -> Value {
    let public = match &key.proof {
        Proof::Public(text) => Some(text),
        Proof::Hashed { .. } => None,
    };
    let rate = |rate: u32| (key.kind == Kind::Write).then_some(rate);
    json!({
        "id": key.id,
        "kind": key.kind.as_str(),
        "projects": key.projects,
        "key": public,
        "origins": key.origins.iter().map(Origin::as_str).collect::<Vec<_>>(),
        "rows_per_second": rate(key.rates.rows_per_second),
        "batches_per_second": rate(key.rates.batches_per_second),
        "note": key.note,
        "created_at": rfc_3339(key.created_at),
        "revoked_at": key.revoked_at.map(rfc_3339),
        "last_used_at": key.last_used_at.map(rfc_3339),
    })
}

fn cells(key: &AccessKey) -> [String; 10] {
    let origins = key.origins.iter().map(Origin::as_str).collect::<Vec<_>>().join(" ");
    let write = key.kind == Kind::Write;
    let or_dash = |at: Option<Millis>| at.map_or("-".to_owned(), rfc_3339);
    [
        key.id.clone(),
        key.kind.as_str().to_owned(),
        key.projects.join(" "),
        if !write {
            "-".to_owned()
        } else if origins.is_empty() {
            "any".to_owned()
        } else {
            origins
        },
        if write { key.rates.rows_per_second.to_string() } else { "-".to_owned() },
        if write { key.rates.batches_per_second.to_string() } else { "-".to_owned() },
        rfc_3339(key.created_at),
        or_dash(key.revoked_at),
        or_dash(key.last_used_at),
        key.note.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect(),
    ]
}

fn rfc_3339(at: Millis) -> String {
    DateTime::from_timestamp_millis(at.0).map_or_else(String::new, |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
