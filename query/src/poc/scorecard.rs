//! The whole picture: quality, satisfaction and what shows only later, weighed.

/// What dimensions are worth to whom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weighing {
    /// Whose profile it starts from.
    pub profile: Option<String>,
    /// Each with its weight and the reason for it; a dimension that is not named keeps the profile's.
    pub weights: Vec<Weight>,
    /// What is known of vendors beside what was measured.
    pub facts: Vec<Fact>,
}

/// What one dimension is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Which dimension.
    pub dimension: String,
    /// What it is worth beside the others, 0 or more.
    pub weight: f64,
    /// Why.
    pub reason: String,
}

/// Something known of a vendor that no measurement shows: a tick of a checklist, hours to the first call, a price.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Which vendor.
    pub arm: String,
    /// Of which dimension.
    pub dimension: String,
    /// What it is, such as `audit_log` or `first_call_h`.
    pub item: String,
    /// A tick is 1, its absence 0, half of it 0.5; of an item with bounds, in its unit.
    pub value: f64,
    /// Where that is shown: a document, a ticket, a test.
    pub evidence: Option<String>,
}
