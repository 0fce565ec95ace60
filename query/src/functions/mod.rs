//! The project's own SQL functions: thin adapters over the pure models, rewritten to plain arithmetic before anything runs, so that ClickHouse
//! computes them too.

mod formula;
mod quality;
mod shares;

use datafusion::prelude::SessionContext;

use crate::catalog::Definitions;

/// Makes the functions known to a session.
pub fn register(context: &SessionContext, definitions: &Definitions) {
    for formula in quality::formulas(definitions).into_iter().chain(shares::formulas()) {
        context.register_udf(formula.into());
    }
}
