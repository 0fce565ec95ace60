//! Releases that a change of level may coincide with.

use chrono::{DateTime, Utc};

use crate::frame::{FrameError, Input, Want};

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose, if known, and which version.
    pub name: String,
}

/// The releases of a source with the columns of [`crate::relations::releases`], of which `vendor` may be missing; in order, each once. Rows without a
/// time or a version name none.
pub async fn releases(input: &Input) -> Result<Vec<Release>, FrameError> {
    let (at, version, vendor) = ("observed_at", "version", "vendor");
    let data = input.context().table("data").await.map_err(|error| FrameError::Rows(Box::new(error)))?;
    let with_vendor = data.schema().fields().iter().any(|field| field.name() == vendor);
    let wanted = [Want::time(at), Want::text(version)].into_iter().chain(with_vendor.then(|| Want::text(vendor)));
    let frame = input.read(&wanted.collect::<Vec<_>>(), None).await?;
    let release = |row: usize| {
        let version = frame.texts(version)[row].trim();
        let vendor = if with_vendor { frame.texts(vendor)[row].trim() } else { "" };
        let at = DateTime::from_timestamp_millis(frame.times(at)[row]?)?;
        (!version.is_empty()).then(|| Release { at, name: format!("{vendor} {version}").trim().to_owned() })
    };
    let mut found: Vec<Release> = (0..frame.rows()).filter_map(release).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
