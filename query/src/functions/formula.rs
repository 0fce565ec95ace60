//! A scalar function that is only a name for an expression over its arguments.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, col};
use datafusion::physical_expr::create_physical_expr;

type Rewrite = Arc<dyn Fn(&[Expr]) -> Expr + Send + Sync>;

/// A named expression. The optimizer puts the expression in its place; called directly, it is evaluated like one.
#[derive(Clone)]
pub struct Formula {
    name: &'static str,
    signature: Signature,
    arguments: Vec<DataType>,
    gives: DataType,
    rewrite: Rewrite,
}

impl Formula {
    /// `name(arguments) = rewrite(arguments)`.
    pub fn new(
        name: &'static str,
        arguments: &[DataType],
        gives: DataType,
        rewrite: impl Fn(&[Expr]) -> Expr + Send + Sync + 'static,
    ) -> Self {
        let signature = Signature::exact(arguments.to_vec(), Volatility::Immutable);
        Formula { name, signature, arguments: arguments.to_vec(), gives, rewrite: Arc::new(rewrite) }
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?}) -> {}", self.name, self.arguments, self.gives)
    }
}

// A session has one function of a name, so the name tells them apart.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.rewrite, &other.rewrite)
    }
}

impl Eq for Formula {}

impl Hash for Formula {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Formula {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.gives.clone())
    }

    fn simplify(&self, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(ExprSimplifyResult::Simplified((self.rewrite)(&arguments)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&call.args)?;
        let names: Vec<String> = (0..columns.len()).map(|index| format!("a{index}")).collect();
        let fields: Vec<Field> =
            names.iter().zip(&columns).map(|(name, column)| Field::new(name, column.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        let arguments: Vec<Expr> = names.iter().map(col).collect();
        let schema = DFSchema::try_from(schema)?;
        let expression =
            create_physical_expr(&(self.rewrite)(&arguments), &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
        expression.evaluate(&batch)
    }
}
