//! Whether an insert that failed is worth another attempt.

use qoe_store::EndpointError;

/// What an error says about the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The state of the server or of the way to it: it will pass, or its operator will mend it.
    Passing,
    /// The rows: the same bytes fail the same way.
    Final,
    /// Rows and table do not fit each other: the table may be an older program's. Tried again after a look at it, then like [`Verdict::Unknown`].
    Outdated,
    /// Neither list has it: tried a few times, then given up, so that one shipment does not stop all that come after it.
    Unknown,
}

/// Attempts under [`Verdict::Unknown`]: about a minute with the default waits.
const ATTEMPTS_OF_UNKNOWN: u32 = 20;

/// Codes of ClickHouse (`src/Common/ErrorCodes.cpp`) that lie in the rows: texts and numbers that do not parse or fit, nulls where there are none,
/// violated constraints.
const FINAL: &[u32] = &[6, 26, 27, 36, 38, 41, 43, 44, 53, 69, 70, 72, 117, 153, 321, 349, 407, 469];

/// Codes that lie in the server: time limits, load, memory, disk, read-only tables, too many parts, other servers, a schema or an account that is
/// not there yet.
const PASSING: &[u32] = &[
    60, 81, 159, 160, 164, 192, 193, 194, 201, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 279, 285, 286, 290, 305, 319, 364, 394,
    425, 439, 473, 497, 499, 516, 574, 999, 1000,
];

/// Codes that say that the account may not do this: it is read-only, or lacks the grant.
const FORBIDDEN: &[u32] = &[164, 497];

/// Codes that say that columns are missing or of another type.
const OUTDATED: &[u32] = &[16, 33, 131];

impl Verdict {
    /// What this error says.
    pub fn of(error: &EndpointError) -> Self {
        match error.code() {
            _ if error.is_unavailable() => Verdict::Passing,
            // An answer that is not ClickHouse's: something between us and it.
            None => Verdict::Passing,
            Some(code) if PASSING.contains(&code) => Verdict::Passing,
            Some(code) if OUTDATED.contains(&code) => Verdict::Outdated,
            Some(code) if FINAL.contains(&code) => Verdict::Final,
            Some(_) => Verdict::Unknown,
        }
    }

    /// Whether the account may not do what was asked for.
    pub fn is_forbidden(error: &EndpointError) -> bool {
        error.code().is_some_and(|code| FORBIDDEN.contains(&code))
    }

    /// Whether to try again after this many attempts.
    pub fn allows_attempt_after(self, attempts: u32) -> bool {
        match self {
            Verdict::Passing => true,
            Verdict::Final => false,
            Verdict::Unknown | Verdict::Outdated => attempts < ATTEMPTS_OF_UNKNOWN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reason: &str, verdict: Verdict) {
        assert_eq!(Verdict::of(&EndpointError::Refused { reason: reason.to_owned() }), verdict);
    }

    #[test]
    fn the_rows_are_given_up_only_when_the_fault_is_theirs() {
        check("Code: 252. DB::Exception: Too many parts (3000)", Verdict::Passing);
        check("Code: 241. DB::Exception: Memory limit exceeded", Verdict::Passing);
        check("Code: 60. DB::Exception: Table qoe.samples does not exist", Verdict::Passing);
        check("<html>502 Bad Gateway</html>", Verdict::Passing);
        check("Code: 349. DB::Exception: Cannot convert NULL value to non-Nullable type", Verdict::Final);
        check("Code: 49. DB::Exception: Logical error", Verdict::Unknown);
        assert!(Verdict::Unknown.allows_attempt_after(1) && !Verdict::Unknown.allows_attempt_after(20));
    }

    #[test]
    fn no_code_is_in_both_lists() {
        assert!(FINAL.iter().all(|code| !PASSING.contains(code)));
    }
}
