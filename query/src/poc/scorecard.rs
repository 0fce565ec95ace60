//! The whole picture: quality, satisfaction and what shows only later, weighed.

/// What dimensions are worth to whom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weighing {
    /// Whose profile it starts from.
    pub profile: Option<String>,
    /// Each with its weight and the reason for it.
    pub weights: Vec<Weight>,
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
