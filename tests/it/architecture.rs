//! The directions that ARCHITECTURE.md draws, kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(member: &str) -> toml::Table {
    fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap().parse().unwrap()
}

/// Our own crates that a crate depends on, its tests aside.
fn imports(member: &str) -> BTreeSet<String> {
    let manifest = manifest(member);
    let dependencies = manifest["dependencies"].as_table().unwrap();
    dependencies.keys().filter_map(|name| name.strip_prefix("qoe-")).map(str::to_owned).collect()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn crates_depend_one_way() {
    assert_eq!(imports("store"), set(&[]));
    assert_eq!(imports("ingest"), set(&["store"]));
    assert_eq!(imports("query"), set(&["statistics", "store"]));
    assert_eq!(imports("query/statistics"), set(&[]));
    assert_eq!(imports("dashboards"), set(&["query"]));
    assert_eq!(imports("fixtures"), set(&["store"]));
    assert_eq!(imports("."), set(&["store", "ingest", "query", "dashboards", "fixtures"]));
}

#[test]
fn quality_and_statistics_are_pure() {
    let impure = ["async ", ".await", "datafusion", "arrow::", "tokio", "Instant::", "SystemTime", "Utc::now", "qoe_store", "SELECT "];
    for room in ["query/src/quality", "query/statistics/src"] {
        for (path, text) in sources(&root().join(room)) {
            let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for word in impure {
                assert!(!code.contains(word), "{} mentions {word:?}", path.display());
            }
        }
    }
}

#[test]
fn json_shapes_live_in_wire_files() {
    for member in ["ingest/src", "query/src", "query/statistics/src", "dashboards/src"] {
        for (path, text) in sources(&root().join(member)) {
            let wire = path.to_string_lossy().contains("wire");
            let derives = text.lines().any(|line| line.contains("#[derive(") && line.contains("Serialize"));
            assert!(wire || !derives, "{} derives Serialize", path.display());
        }
    }
}

#[test]
fn only_the_store_speaks_to_clickhouse() {
    for member in ["ingest", "query", "dashboards", "fixtures", "."] {
        let dependencies = manifest(member)["dependencies"].as_table().unwrap().clone();
        assert!(!dependencies.keys().any(|name| name.starts_with("clickhouse")), "{member} depends on a ClickHouse client");
    }
}
