//! Whose data may come in, and under which key.

use std::collections::BTreeMap;

use crate::refusal::shortened;

/// The projects that take data. A project without a key takes data from anyone who can reach the address.
#[derive(Debug, Clone, Default)]
pub struct Projects {
    keys: BTreeMap<String, Option<String>>,
}

/// Why a project takes no data from this sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no such project.
    #[error(
        "project {:?} is not known here: add it to the projects of the server's configuration, or send to one of those in it",
        shortened(project)
    )]
    UnknownProject {
        /// As it was sent.
        project: String,
    },
    /// The key is missing, or another.
    #[error(
        "project {project:?} takes data under its write key only: send the key in the header X-Qoe-Key or as \"key\" beside the context"
    )]
    WrongKey {
        /// The project.
        project: String,
    },
}

impl Projects {
    /// These projects, each with its write key, if it has one.
    pub fn new(projects: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        Projects { keys: projects.into_iter().collect() }
    }

    /// One project, open to anyone: for trying things out.
    pub fn open(project: &str) -> Self {
        Projects::new([(project.to_owned(), None)])
    }

    /// Whether `key` opens `project` to a page of `origin`. A key opens it to the pages of any.
    pub fn check(&self, project: &str, key: Option<&str>, _origin: Option<&str>) -> Result<(), AccessError> {
        match self.keys.get(project) {
            None => Err(AccessError::UnknownProject { project: project.to_owned() }),
            Some(Some(needed)) if !key.is_some_and(|key| same(key, needed)) => Err(AccessError::WrongKey { project: project.to_owned() }),
            Some(_) => Ok(()),
        }
    }
}

/// Compares in a time that does not tell how much of the key was right.
fn same(given: &str, needed: &str) -> bool {
    given.len() == needed.len() && given.bytes().zip(needed.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_opens_to_its_own_key_only() {
        let projects = Projects::new([("open".into(), None), ("shut".into(), Some("wk_1".into()))]);
        assert_eq!(projects.check("open", None, None), Ok(()));
        assert_eq!(projects.check("open", Some("anything"), None), Ok(()));
        assert_eq!(projects.check("shut", Some("wk_1"), Some("https://app.example")), Ok(()));
        for key in [None, Some(""), Some("wk_2"), Some("wk_11")] {
            assert!(matches!(projects.check("shut", key, None), Err(AccessError::WrongKey { .. })), "{key:?}");
        }
        assert!(matches!(projects.check("other", Some("wk_1"), None), Err(AccessError::UnknownProject { .. })));
    }
}
