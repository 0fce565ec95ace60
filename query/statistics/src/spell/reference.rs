//! The known answers of `fixtures/reference/survival.json`, which `survival.py` beside it makes.

use serde_json::Value;

/// The file, or what stands in it under a path of names with dots between.
pub(crate) struct Reference(Value);

impl Reference {
    pub(crate) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/survival.json");
        Reference(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    pub(crate) fn at(&self, path: &str) -> &Value {
        path.split('.').fold(&self.0, |value, name| value.get(name).unwrap_or_else(|| panic!("{path} in survival.json")))
    }

    pub(crate) fn number(&self, path: &str) -> f64 {
        self.at(path).as_f64().unwrap()
    }

    /// Numbers, of nested lists one after the other.
    pub(crate) fn numbers(&self, path: &str) -> Vec<f64> {
        flat(self.at(path))
    }

    pub(crate) fn codes(&self, path: &str) -> Vec<u32> {
        self.numbers(path).into_iter().map(|code| code as u32).collect()
    }

    pub(crate) fn events(&self) -> Vec<bool> {
        self.at("input.event").as_array().unwrap().iter().map(|event| event.as_bool().unwrap()).collect()
    }
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

/// To 1e-6, of numbers over 1 relative to them.
#[track_caller]
pub(crate) fn close(what: &str, got: impl IntoIterator<Item = f64>, want: &[f64]) {
    let got: Vec<f64> = got.into_iter().collect();
    assert_eq!(got.len(), want.len(), "{what}");
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{what}: {got} is not {want}");
    }
}
