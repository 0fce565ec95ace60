//! What is known of everyone, as the matrix that models are fitted to.
//!
//! Numbers are centred and divided by their standard deviation, so that one penalty fits all and equations are well behaved; a number that was not
//! measured stands at the mean and gets an indicator of its own, which keeps the row without inventing a value. Of a category's values the most
//! frequent is the reference. Columns that say nothing (constant) or nothing new (collinear with earlier ones) are left out, and named.

use nalgebra::DMatrix;

use crate::linear::Normal;

/// One thing known of every row.
#[derive(Debug, Clone, Copy)]
pub struct Covariate<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its values.
    pub values: Values<'a>,
}

/// The values of a covariate, one a row.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// Numbers; NaN: not measured.
    Numeric(&'a [f64]),
    /// Indices into `labels`; an index beyond them: not stated, which is a value of its own.
    Category {
        /// One index a row.
        codes: &'a [u32],
        /// What the indices mean.
        labels: &'a [String],
    },
}

impl<'a> Covariate<'a> {
    /// Numbers; NaN: not measured.
    pub fn numeric(name: &'a str, values: &'a [f64]) -> Self {
        Covariate { name, values: Values::Numeric(values) }
    }

    /// A category.
    pub fn category(name: &'a str, codes: &'a [u32], labels: &'a [String]) -> Self {
        Covariate { name, values: Values::Category { codes, labels } }
    }

    fn len(&self) -> usize {
        match self.values {
            Values::Numeric(values) => values.len(),
            Values::Category { codes, .. } => codes.len(),
        }
    }
}

/// Values of a category rarer than this are taken together as "other": our choice; fewer rows cannot carry a coefficient.
pub const MIN_CATEGORY_ROWS: usize = 20;

/// A column of a design, and how it was made from its covariate.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The covariate, or `(intercept)`.
    pub covariate: String,
    /// The value of a category that this column indicates; `None` for numbers.
    pub value: Option<String>,
    /// What was subtracted.
    pub centre: f64,
    /// What it was divided by after that.
    pub scale: f64,
}

impl Column {
    /// `network = wifi`, or the covariate's name.
    pub fn label(&self) -> String {
        self.value.as_ref().map_or_else(|| self.covariate.clone(), |value| format!("{} = {value}", self.covariate))
    }
}

/// A column that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its label.
    pub column: String,
    /// Why.
    pub why: Why,
}

/// Why a column was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The same for every row.
    Constant,
    /// Follows from the columns before it.
    Collinear,
    /// Never measured.
    Unmeasured,
}

/// Why no design can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DesignError {
    /// Covariates differ in length.
    #[error("covariate {name:?} has {got} values for {rows} rows")]
    Length {
        /// Which.
        name: String,
        /// Its values.
        got: usize,
        /// The rows.
        rows: usize,
    },
    /// No rows.
    #[error("there are no rows")]
    Empty,
    /// An infinite number.
    #[error("covariate {name:?} has an infinite value in row {row}")]
    Infinite {
        /// Which.
        name: String,
        /// Where, from 0.
        row: usize,
    },
}

/// Rows by columns; the first column is 1 throughout.
#[derive(Debug, Clone)]
pub struct Design {
    columns: Vec<Column>,
    dropped: Vec<Dropped>,
    rows: usize,
    values: Vec<f64>,
}

impl Design {
    /// The design of these covariates, for `rows` rows.
    pub fn new(rows: usize, covariates: &[Covariate<'_>]) -> Result<Design, DesignError> {
        if rows == 0 {
            return Err(DesignError::Empty);
        }
        let mut draft = Draft {
            rows,
            columns: vec![(Column { covariate: "(intercept)".into(), value: None, centre: 0.0, scale: 1.0 }, vec![1.0; rows])],
            dropped: Vec::new(),
        };
        for covariate in covariates {
            if covariate.len() != rows {
                return Err(DesignError::Length { name: covariate.name.to_owned(), got: covariate.len(), rows });
            }
            match covariate.values {
                Values::Numeric(values) => draft.numeric(covariate.name, values)?,
                Values::Category { codes, labels } => draft.category(covariate.name, codes, labels),
            }
        }
        Ok(draft.finish())
    }

    /// The same columns in their own units, neither centred nor scaled.
    pub fn raw(mut self) -> Design {
        let p = self.columns.len();
        for row in self.values.chunks_mut(p) {
            for (value, column) in row.iter_mut().zip(&self.columns) {
                *value = *value * column.scale + column.centre;
            }
        }
        self.columns.iter_mut().for_each(|column| (column.centre, column.scale) = (0.0, 1.0));
        self
    }

    /// The columns, the intercept first.
    pub fn column(&self) -> &[Column] {
        &self.columns
    }

    /// What was left out.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns, with the intercept.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f64] {
        let p = self.columns.len();
        &self.values[row * p..(row + 1) * p]
    }

    /// A row times coefficients.
    pub fn predict(&self, row: usize, coefficients: &[f64]) -> f64 {
        self.row(row).iter().zip(coefficients).map(|(x, b)| x * b).sum()
    }

    /// The design of these rows alone, its columns and units unchanged. Columns may have become constant.
    pub fn select(&self, rows: &[usize]) -> Design {
        let values = rows.iter().flat_map(|row| self.row(*row)).copied().collect();
        Design { columns: self.columns.clone(), dropped: self.dropped.clone(), rows: rows.len(), values }
    }

    /// The design without columns that are constant or collinear with earlier ones, as they may have become by [`Design::select`]. They are added to
    /// what was left out.
    pub fn reduced(mut self) -> Design {
        let p = self.columns.len();
        let kept = independent(&Normal::of(&self, |_| (1.0, 0.0)).gram);
        if kept.len() == p {
            return self;
        }
        let out = (0..p).filter(|at| !kept.contains(at));
        self.dropped.extend(out.map(|at| Dropped { column: self.columns[at].label(), why: Why::Collinear }));
        self.values = self.values.chunks(p).flat_map(|row| kept.iter().map(|at| row[*at])).collect();
        self.columns = kept.iter().map(|at| self.columns[*at].clone()).collect();
        self
    }

    /// The columns that belong to one covariate.
    pub fn of(&self, covariate: &str) -> impl Iterator<Item = usize> {
        self.columns.iter().enumerate().filter(move |(_, column)| column.covariate == covariate).map(|(at, _)| at)
    }

    /// Replaces one row's values of a column, such as to ask what would have been. The value is in the column's own units.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        let (p, of) = (self.columns.len(), &self.columns[column]);
        self.values[row * p + column] = (value - of.centre) / of.scale;
    }
}

struct Draft {
    rows: usize,
    columns: Vec<(Column, Vec<f64>)>,
    dropped: Vec<Dropped>,
}

impl Draft {
    fn numeric(&mut self, name: &str, values: &[f64]) -> Result<(), DesignError> {
        if let Some(row) = values.iter().position(|value| value.is_infinite()) {
            return Err(DesignError::Infinite { name: name.to_owned(), row });
        }
        let measured = values.iter().filter(|value| !value.is_nan()).count();
        if measured == 0 {
            self.dropped.push(Dropped { column: name.to_owned(), why: Why::Unmeasured });
            return Ok(());
        }
        let mean = values.iter().filter(|value| !value.is_nan()).sum::<f64>() / measured as f64;
        let squares: f64 = values.iter().filter(|value| !value.is_nan()).map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / measured as f64).sqrt();
        if deviation <= mean.abs() * 1e-12 {
            self.dropped.push(Dropped { column: name.to_owned(), why: Why::Constant });
        } else {
            let column = values.iter().map(|value| if value.is_nan() { 0.0 } else { (value - mean) / deviation }).collect();
            self.columns.push((Column { covariate: name.to_owned(), value: None, centre: mean, scale: deviation }, column));
        }
        if measured < self.rows {
            let missing = values.iter().map(|value| f64::from(u8::from(value.is_nan()))).collect();
            self.columns.push((indicator(name, "not measured"), missing));
        }
        Ok(())
    }

    fn category(&mut self, name: &str, codes: &[u32], labels: &[String]) {
        let slot = |code: &u32| (*code as usize).min(labels.len());
        let mut counts = vec![0_usize; labels.len() + 1];
        codes.iter().for_each(|code| counts[slot(code)] += 1);
        // The most frequent value is the reference; of equals, the first by name, so that the order of rows does not matter.
        let label = |slot: usize| labels.get(slot).map_or("not stated", String::as_str);
        let mut order: Vec<usize> = (0..counts.len()).filter(|slot| counts[*slot] > 0).collect();
        order.sort_by(|a, b| counts[*b].cmp(&counts[*a]).then_with(|| label(*a).cmp(label(*b))));
        if order.len() < 2 {
            self.dropped.push(Dropped { column: name.to_owned(), why: Why::Constant });
            return;
        }
        let (own, rare): (Vec<usize>, Vec<usize>) = order[1..].iter().partition(|slot| counts[**slot] >= MIN_CATEGORY_ROWS);
        for value in own {
            let column = codes.iter().map(|code| f64::from(u8::from(slot(code) == value))).collect();
            self.columns.push((indicator(name, label(value)), column));
        }
        if !rare.is_empty() {
            let column = codes.iter().map(|code| f64::from(u8::from(rare.contains(&slot(code))))).collect();
            self.columns.push((indicator(name, "other"), column));
        }
    }

    /// Leaves out what is collinear with earlier columns, and lays the rest out by rows.
    fn finish(self) -> Design {
        let Draft { rows, columns, dropped } = self;
        let names: Vec<Column> = columns.iter().map(|(column, _)| column.clone()).collect();
        let p = columns.len();
        let mut values = vec![0.0; rows * p];
        for (at, (_, column)) in columns.into_iter().enumerate() {
            column.iter().enumerate().for_each(|(row, value)| values[row * p + at] = *value);
        }
        Design { columns: names, dropped, rows, values }.reduced()
    }
}

fn indicator(name: &str, value: &str) -> Column {
    Column { covariate: name.to_owned(), value: Some(value.to_owned()), centre: 0.0, scale: 1.0 }
}

/// How much of a column must not follow from the earlier ones, as a share of its squared length, for it to say something new.
const INDEPENDENCE: f64 = 1e-9;

/// Columns that do not follow from earlier ones: a Cholesky decomposition that passes over pivots of nothing.
fn independent(gram: &DMatrix<f64>) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut factor: Vec<Vec<f64>> = Vec::new();
    for column in 0..gram.ncols() {
        let mut row = Vec::with_capacity(kept.len() + 1);
        for (at, other) in kept.iter().enumerate() {
            let known: f64 = (0..at).map(|k| row[k] * factor[at][k]).sum();
            row.push((gram[(column, *other)] - known) / factor[at][at]);
        }
        let left = gram[(column, column)] - row.iter().map(|value: &f64| value * value).sum::<f64>();
        if left > INDEPENDENCE * gram[(column, column)] && left > 0.0 {
            row.push(left.sqrt());
            factor.push(row);
            kept.push(column);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn numbers_are_centred_and_scaled() {
        let design = Design::new(4, &[Covariate::numeric("rtt_ms", &[10.0, 20.0, 30.0, 40.0])]).unwrap();
        assert_eq!(design.columns(), 2);
        let column: Vec<f64> = (0..4).map(|row| design.row(row)[1]).collect();
        assert!(column.iter().sum::<f64>().abs() < 1e-12);
        assert!((column.iter().map(|x| x * x).sum::<f64>() / 4.0 - 1.0).abs() < 1e-12);
        assert!((design.clone().raw().row(2)[1] - 30.0).abs() < 1e-12);
    }

    #[test]
    fn what_was_not_measured_stands_at_the_mean_with_an_indicator() {
        let design = Design::new(3, &[Covariate::numeric("x", &[1.0, f64::NAN, 3.0])]).unwrap();
        assert_eq!(design.column()[2].label(), "x = not measured");
        assert_eq!((design.row(1)[1], design.row(1)[2], design.row(0)[2]), (0.0, 1.0, 0.0));
    }

    #[test]
    fn the_most_frequent_value_is_the_reference_and_rare_ones_go_together() {
        let codes: Vec<u32> = (0..100)
            .map(|i| {
                if i < 50 {
                    0
                } else if i < 95 {
                    1
                } else if i < 98 {
                    2
                } else {
                    9
                }
            })
            .collect();
        let design = Design::new(100, &[Covariate::category("network", &codes, &labels(&["wifi", "5g", "lan"]))]).unwrap();
        let names: Vec<String> = design.column().iter().map(Column::label).collect();
        assert_eq!(names, ["(intercept)", "network = 5g", "network = other"]);
        assert_eq!(design.row(97)[2], 1.0);
        assert_eq!(design.row(99)[2], 1.0);
    }

    #[test]
    fn columns_that_say_nothing_new_are_left_out_and_named() {
        let x = [1.0, 2.0, 4.0, 8.0, 16.0];
        let double = x.map(|x| 2.0 * x + 3.0);
        let nothing = [f64::NAN; 5];
        let covariates = [
            Covariate::numeric("x", &x),
            Covariate::numeric("constant", &[5.0; 5]),
            Covariate::numeric("double", &double),
            Covariate::numeric("nothing", &nothing),
        ];
        let design = Design::new(5, &covariates).unwrap();
        assert_eq!(design.columns(), 2);
        let why: Vec<(&str, Why)> = design.dropped().iter().map(|dropped| (dropped.column.as_str(), dropped.why)).collect();
        assert_eq!(why, [("constant", Why::Constant), ("nothing", Why::Unmeasured), ("double", Why::Collinear)]);
    }

    #[test]
    fn what_says_nothing_of_the_rows_selected_is_left_out() {
        let covariates = [Covariate::numeric("x", &[1.0, 2.0, 2.0, 2.0]), Covariate::numeric("y", &[1.0, 5.0, 6.0, 8.0])];
        let design = Design::new(4, &covariates).unwrap().select(&[1, 2, 3]).reduced();
        assert_eq!((design.columns(), design.dropped()[0].column.as_str()), (2, "x"));
        assert_eq!(design.raw().row(2), [1.0, 8.0]);
    }

    #[test]
    fn wrong_lengths_and_infinities_are_refused() {
        let error = |x: &[f64]| Design::new(2, &[Covariate::numeric("x", x)]).unwrap_err().to_string();
        assert_eq!(error(&[1.0]), "covariate \"x\" has 1 values for 2 rows");
        assert_eq!(error(&[1.0, f64::INFINITY]), "covariate \"x\" has an infinite value in row 1");
        assert_eq!(Design::new(0, &[]).unwrap_err(), DesignError::Empty);
    }
}
