//! Duplicate rules: from the rows of `duplicaterule` and `duplicaterulecondition` to what
//! codes are made by, and everything that is wrong with such rows.

use std::{collections::HashMap, sync::Arc};

use sluice_access::{ColumnRight, Principal};
use sluice_model::{
    Catalog, Code, ColumnDef, ColumnType, Error, Format, Name, Result, Row, TableDef, Uuid, coerce, text::Collation,
};

use super::code;

/// The longest matchcode, in characters, as the columns allow it.
pub(crate) const LONGEST_CODE: usize = 450;

/// `duplicaterule.statuscode`.
pub(crate) const UNPUBLISHED: i32 = 0;
/// Its rows get their codes; it is not asked yet.
pub(crate) const PUBLISHING: i32 = 1;
/// It is asked.
pub(crate) const PUBLISHED: i32 = 2;

/// The two tables that a rule compares; they may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The row that is created, changed or asked about.
    Base,
    /// The rows that are there.
    Matching,
}

/// A rule, ready to make codes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) base: Name,
    pub(crate) matching: Name,
    pub(crate) exclude_inactive: bool,
    pub(crate) published: bool,
    /// Under which number its codes are kept.
    pub(crate) set: i64,
    pub(crate) conditions: Vec<Condition>,
}

impl Rule {
    /// Whether a reader is told what the rule finds: not where it compares what they may not read,
    /// since that would tell them.
    pub(crate) fn is_open_to(&self, catalog: &Catalog, reader: &Principal) -> bool {
        let reads = |table: &Name, column: &Name| {
            let table = catalog.find(table);
            table.is_none_or(|table| reader.may_with_column(table, column, ColumnRight::Read))
        };
        self.conditions
            .iter()
            .all(|condition| reads(&self.base, &condition.base) && reads(&self.matching, &condition.matching))
    }
}

/// A pair of columns and how they are compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) base: Name,
    pub(crate) matching: Name,
    pub(crate) ignore_blank: bool,
    pub(crate) how: How,
    /// So many characters of a code at most.
    pub(crate) longest: usize,
}

/// How two columns are compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum How {
    Text {
        form: Form,
        part: Part,
        /// As the organisation's language compares them; to the letter, where there is none.
        fold: Option<&'static Collation>,
    },
    /// Numbers, choices by their number, ids, yes or no.
    Value,
    /// References to rows, of which at least one column may refer to several tables.
    Row,
    Day,
    Instant,
    /// The labels of the options of both columns, folded.
    Label {
        base: Vec<(i32, String)>,
        matching: Vec<(i32, String)>,
    },
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Phone,
    Email,
}

/// Which characters of a text are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    First(usize),
    Last(usize),
}

impl Condition {
    pub(crate) fn column(&self, side: Side) -> &Name {
        match side {
            Side::Base => &self.base,
            Side::Matching => &self.matching,
        }
    }
}

impl Rule {
    /// A rule without conditions.
    pub(crate) fn of_tables(base: &str, matching: &str) -> Self {
        Self {
            id: Uuid::nil(),
            name: String::new(),
            base: base.into(),
            matching: matching.into(),
            exclude_inactive: false,
            published: false,
            set: 0,
            conditions: Vec::new(),
        }
    }

    /// The rule that these rows describe.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub(crate) fn compile(catalog: &Catalog, row: &Row, conditions: &[Row]) -> Result<Self> {
        let [base, matching] = tables(catalog, row)?;
        let fold = row.bool("iscasesensitive") != Some(true);
        let conditions = conditions
            .iter()
            .map(|condition| Condition::compile([&base, &matching], (fold, catalog.collation()), condition))
            .collect::<Result<_>>()?;
        Ok(Self {
            id: row.id,
            name: row.text("name").unwrap_or_default().to_owned(),
            exclude_inactive: row.bool("excludeinactiverecords") == Some(true),
            published: row.int("statuscode") == Some(PUBLISHED),
            set: match row.get("sl_matchcodeset") {
                Some(sluice_model::Value::BigInt(set)) => *set,
                _ => 0,
            },
            conditions,
            ..Self::of_tables(&base.name, &matching.name)
        })
    }

    /// Refuses a rule whose codes could be nothing, or too long.
    ///
    /// # Errors
    /// [`Code::RULE_WITHOUT_CONDITIONS`] or [`Code::MATCHCODE_TOO_LONG`].
    pub(crate) fn check_publishable(&self) -> Result<()> {
        if self.conditions.is_empty() {
            let sentence = format!(
                "No criteria have been specified. Add criteria, and then publish the duplicate detection rule. \
                 (The rule \"{}\".)",
                self.name
            );
            return Err(Error::new(Code::RULE_WITHOUT_CONDITIONS, sentence));
        }
        let between = self.conditions.len() - 1;
        let longest = self.conditions.iter().map(|condition| condition.longest).sum::<usize>() + between;
        if longest > LONGEST_CODE {
            let parts: Vec<String> = self
                .conditions
                .iter()
                .map(|condition| format!("{} {}", condition.matching, condition.longest))
                .collect();
            let sentence = format!(
                "the conditions of the rule \"{}\" may make a matchcode of {longest} characters, and {LONGEST_CODE} are \
                 the most ({}); compare fewer columns, or only the first characters of the long ones",
                self.name,
                parts.join(", ")
            );
            return Err(Error::new(Code::MATCHCODE_TOO_LONG, sentence));
        }
        Ok(())
    }

    /// Whether the rule compares that column.
    pub(crate) fn compares(&self, table: &str, column: &str) -> bool {
        let side = |side, name: &Name| {
            **name == *table
                && self
                    .conditions
                    .iter()
                    .any(|condition| **condition.column(side) == *column)
        };
        side(Side::Base, &self.base) || side(Side::Matching, &self.matching)
    }
}

/// The two tables of a rule, which must take part in duplicate detection.
pub(crate) fn tables(catalog: &Catalog, row: &Row) -> Result<[Arc<TableDef>; 2]> {
    let table = |column: &str| {
        let name = row.text(column).unwrap_or_default();
        let table = catalog.table(name)?;
        if table.duplicate_detection {
            return Ok(table.clone());
        }
        Err(Error::new(
            Code::TABLE_NOT_DETECTED,
            format!("Duplicate detection is not supported on this record type: it is not switched on for `{name}`."),
        )
        .with_table(name))
    };
    Ok([table("baseentityname")?, table("matchingentityname")?])
}

impl Condition {
    /// The condition that a row describes.
    ///
    /// # Errors
    /// A column is not there, the two cannot be compared, or the criterion does not go with
    /// them.
    pub(crate) fn compile(
        [base, matching]: [&TableDef; 2],
        (fold, collation): (bool, &'static Collation),
        row: &Row,
    ) -> Result<Self> {
        let columns = [
            coerce::column(base, row.text("baseattributename").unwrap_or_default())?,
            coerce::column(matching, row.text("matchingattributename").unwrap_or_default())?,
        ];
        let pair = Pair {
            columns,
            tables: [base, matching],
            collation,
        };
        let fold = fold.then_some(collation);
        let number = row.int("operatorparam");
        let (how, longest) = match row.int("operatorcode").unwrap_or_default() {
            0 => pair.exact(fold, number)?,
            1 => pair.text(fold, Part::First(pair.count(number)?), "same-first")?,
            2 => pair.text(fold, Part::Last(pair.count(number)?), "same-last")?,
            3 => pair.of_kind("same-date", number, How::Day, 10, |kind| {
                matches!(kind, ColumnType::Date | ColumnType::DateTime)
            })?,
            4 => pair.of_kind("same-date-and-time", number, How::Instant, 12, |kind| {
                matches!(kind, ColumnType::DateTime)
            })?,
            5 => pair.labels(number)?,
            6 => pair.of_kind("same-value", number, How::Value, 11, is_choice)?,
            other => return Err(pair.wrong_operator(&format!("there is no criterion {other}"))),
        };
        let [base, matching] = columns;
        Ok(Self {
            base: base.name.clone(),
            matching: matching.name.clone(),
            ignore_blank: row.bool("ignoreblankvalues") == Some(true),
            how,
            longest,
        })
    }
}

fn is_choice(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. }
    )
}

/// Two columns that a condition compares: of the base table and of the matching table.
struct Pair<'a> {
    columns: [&'a ColumnDef; 2],
    tables: [&'a TableDef; 2],
    collation: &'static Collation,
}

impl Pair<'_> {
    fn named(&self) -> String {
        let [base, matching] = self.columns;
        let [base_table, matching_table] = self.tables;
        format!(
            "`{}` of `{}` with `{}` of `{}`",
            base.name, base_table.name, matching.name, matching_table.name
        )
    }

    fn wrong_operator(&self, why: &str) -> Error {
        Error::new(
            Code::OPERATOR_INVALID,
            format!(
                "The operator is not valid or it is not supported: comparing {}, {why}.",
                self.named()
            ),
        )
    }

    fn incomparable(&self) -> Error {
        let [base, matching] = self.columns.map(|column| column.kind.word());
        Error::new(
            Code::COLUMN_NOT_COMPARABLE,
            format!(
                "{} cannot be compared: the columns are of the types {base} and {matching}",
                self.named()
            ),
        )
    }

    /// The number of characters that a criterion needs.
    fn count(&self, number: Option<i32>) -> Result<usize> {
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(count) if count > 0 => Ok(count),
            _ => Err(self.wrong_operator("same-first and same-last need a number of characters above 0")),
        }
    }

    fn no_count(&self, operator: &str, number: Option<i32>) -> Result<()> {
        match number {
            None => Ok(()),
            Some(number) => Err(self.wrong_operator(&format!("{operator} takes no number of characters ({number})"))),
        }
    }

    fn of_kind(
        &self,
        operator: &str,
        number: Option<i32>,
        how: How,
        longest: usize,
        fits: impl Fn(&ColumnType) -> bool,
    ) -> Result<(How, usize)> {
        self.no_count(operator, number)?;
        match self.columns.iter().all(|column| fits(&column.kind)) {
            true => Ok((how, longest)),
            false => {
                let [base, matching] = self.columns.map(|column| column.kind.word());
                Err(self.wrong_operator(&format!("{operator} does not go with the types {base} and {matching}")))
            }
        }
    }

    fn labels(&self, number: Option<i32>) -> Result<(How, usize)> {
        self.of_kind("same-label", number, How::Value, 0, is_choice)?;
        let [base, matching] = self.columns.map(|column| {
            let options = column.kind.options().unwrap_or_default();
            let labels = options.iter().map(|option| {
                (
                    option.value,
                    code::normal(&option.label, Form::Plain, Some(self.collation)),
                )
            });
            labels.collect::<Vec<_>>()
        });
        let longest = base
            .iter()
            .chain(&matching)
            .map(|(_, label)| label.chars().count())
            .max();
        Ok((How::Label { base, matching }, longest.unwrap_or_default()))
    }

    fn exact(&self, fold: Option<&'static Collation>, number: Option<i32>) -> Result<(How, usize)> {
        use ColumnType as C;
        let [base, matching] = self.columns.map(|column| &column.kind);
        let is_number = |kind: &C| matches!(kind, C::Int { .. } | C::BigInt | C::Decimal { .. } | C::Money { .. });
        self.no_count("exact", number)?;
        match (base, matching) {
            (C::Text { .. } | C::Memo { .. }, _) => self.text(fold, Part::All, "exact"),
            (base, matching) if is_number(base) && is_number(matching) => Ok((How::Value, 30)),
            (C::Float, C::Float) => Ok((How::Value, 24)),
            (C::Bool, C::Bool) => Ok((How::Value, 1)),
            (C::Id, C::Id) => Ok((How::Value, 32)),
            (C::Lookup { targets }, C::Lookup { targets: others })
                if targets.iter().any(|target| others.contains(target)) =>
            {
                let name = targets.iter().map(|target| target.chars().count()).max();
                Ok(match (targets.len(), others.len()) {
                    (1, 1) => (How::Value, 32),
                    _ => (How::Row, 32 + name.unwrap_or_default()),
                })
            }
            (base, _) if is_choice(base) => {
                Err(self.wrong_operator("a choice is compared by same-label or same-value, not by exact"))
            }
            (C::Date | C::DateTime, _) => Err(self
                .wrong_operator("a date is compared by same-date, and a point in time by same-date-and-time as well")),
            _ => Err(self.incomparable()),
        }
    }

    fn text(&self, fold: Option<&'static Collation>, part: Part, operator: &str) -> Result<(How, usize)> {
        let lengths = self.columns.map(|column| match &column.kind {
            ColumnType::Text { max_length } | ColumnType::Memo { max_length } => Some(*max_length as usize),
            _ => None,
        });
        let [Some(base), Some(matching)] = lengths else {
            return match part {
                Part::All => Err(self.incomparable()),
                _ => Err(self.wrong_operator(&format!("{operator} compares texts only"))),
            };
        };
        let form = self.form()?;
        let most = base.max(matching);
        let longest = match part {
            Part::All => most,
            Part::First(count) | Part::Last(count) => count.min(most),
        };
        Ok((How::Text { form, part, fold }, longest))
    }

    /// What the texts are: a format that only one of the columns has counts for both, so that
    /// both sides are brought into the same form.
    fn form(&self) -> Result<Form> {
        let form = |format| match format {
            Some(Format::Phone) => Form::Phone,
            Some(Format::Email) => Form::Email,
            Some(Format::Url) | None => Form::Plain,
        };
        match self.columns.map(|column| form(column.format)) {
            [one, other] if one == other => Ok(one),
            [Form::Plain, form] | [form, Form::Plain] => Ok(form),
            _ => Err(Error::new(
                Code::COLUMN_NOT_COMPARABLE,
                format!(
                    "{} cannot be compared: one holds telephone numbers and the other e-mail addresses",
                    self.named()
                ),
            )),
        }
    }
}

/// The rules at work in an organisation: those that are published, and those whose rows are
/// getting their codes.
#[derive(Debug, Default)]
pub(crate) struct RuleTable {
    by_base: HashMap<Name, Vec<Arc<Rule>>>,
    by_matching: HashMap<Name, Vec<Arc<Rule>>>,
}

impl RuleTable {
    /// The rules of these rows; `conditions` are those of all rules.
    pub(crate) fn new(catalog: &Catalog, rows: &[Row], conditions: &[Row]) -> Self {
        let mut table = Self::default();
        for row in rows {
            let own: Vec<Row> = conditions
                .iter()
                .filter(|condition| condition.id_of("regardingobjectid") == Some(row.id))
                .cloned()
                .collect();
            match Rule::compile(catalog, row, &own) {
                Ok(rule) => table.add(rule),
                Err(error) => tracing::warn!(rule = %row.id, %error, "a duplicate rule is passed over"),
            }
        }
        for rules in table.by_base.values_mut().chain(table.by_matching.values_mut()) {
            rules.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
        table
    }

    fn add(&mut self, rule: Rule) {
        let rule = Arc::new(rule);
        self.by_base.entry(rule.base.clone()).or_default().push(rule.clone());
        self.by_matching.entry(rule.matching.clone()).or_default().push(rule);
    }

    /// The published rules of a base table.
    pub(crate) fn asked(&self, base: &str) -> impl Iterator<Item = &Arc<Rule>> {
        self.of_base(base).iter().filter(|rule| rule.published)
    }

    /// The rules of a base table that are published or being published.
    pub(crate) fn of_base(&self, base: &str) -> &[Arc<Rule>] {
        self.by_base.get(base).map_or(&[], Vec::as_slice)
    }

    /// The rules for which the rows of a matching table have codes.
    pub(crate) fn kept_up(&self, matching: &str) -> &[Arc<Rule>] {
        self.by_matching.get(matching).map_or(&[], Vec::as_slice)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.by_base.values().flatten()
    }
}
