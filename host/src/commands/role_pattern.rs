//! Grants as people write them: `lead:crwaA:user`, `account,contact:r:org`, `prvReadEntity:org`.

use sluice_engine::organization::table_privileges;
use sluice_model::{Catalog, Depth, Error, Right};

use crate::usage::Usage;

/// What the letters of a pattern stand for.
pub(super) const LETTERS: &str = "\
A pattern is TABLES:RIGHTS:DEPTH, such as lead:crwaA:user or account,contact:r:org, or PRIVILEGE:DEPTH, or the name \
alone of a privilege that belongs to no table. Rights: c create, \
r read, w write, d delete, a append, A append to, o assign (to another owner), s share, * all of them.";

const RIGHTS: [(char, Right); 8] = [
    ('c', Right::Create),
    ('r', Right::Read),
    ('w', Right::Write),
    ('d', Right::Delete),
    ('a', Right::Append),
    ('A', Right::AppendTo),
    ('o', Right::Assign),
    ('s', Right::Share),
];

/// The privileges that a pattern means, each with its depth.
pub(super) fn parse(catalog: &Catalog, pattern: &str) -> anyhow::Result<Vec<(String, Depth)>> {
    let wrong = |why: &str| Usage::because(format!("`{pattern}` is no pattern: {why}. {LETTERS}"));
    let parts: Vec<&str> = pattern.split(':').collect();
    let depth = |text: &str| Depth::parse(text).ok_or_else(|| wrong(&format!("`{text}` is no depth")));
    let (tables, rights, depth) = match parts.as_slice() {
        // What belongs to no table has one depth.
        [task] if is_privilege(task) && catalog.privilege(task).is_none() => {
            return Ok(vec![((*task).to_owned(), Depth::Organization)]);
        }
        [privilege] if is_privilege(privilege) => return Err(wrong("it has no depth")),
        [privilege, deep] => return Ok(vec![((*privilege).to_owned(), depth(deep)?)]),
        [tables, rights, deep] => (*tables, *rights, depth(deep)?),
        _ => return Err(wrong("it has two or three parts")),
    };
    let mut all = Vec::new();
    for name in tables.split(',').map(str::trim) {
        let table = catalog.table(name)?;
        let there = table_privileges(table);
        let of = |right: Right| {
            there
                .iter()
                .find(|(_, known)| *known == right)
                .map(|(name, _)| name.clone())
        };
        if rights == "*" {
            all.extend(there.iter().map(|(privilege, _)| (privilege.clone(), depth)));
            continue;
        }
        for letter in rights.chars() {
            let right = RIGHTS
                .iter()
                .find(|(known, _)| *known == letter)
                .map(|(_, right)| *right);
            let right = right.ok_or_else(|| wrong(&format!("`{letter}` is no right")))?;
            let privilege = of(right).ok_or_else(|| {
                let verb = right.verb().to_lowercase();
                Error::invalid(format!("there is no privilege to {verb} rows of `{name}`"))
            })?;
            all.push((privilege, depth));
        }
    }
    Ok(all)
}

/// Whether it is written as the name of a privilege.
fn is_privilege(text: &str) -> bool {
    text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("prv"))
}

/// The privileges that a pattern without a depth means, or a privilege by its name.
pub(super) fn privileges(catalog: &Catalog, pattern: &str) -> anyhow::Result<Vec<String>> {
    let whole = match pattern.split(':').count() {
        1 => return Ok(vec![pattern.to_owned()]),
        2 => format!("{pattern}:{}", Depth::Organization.label()),
        _ => {
            return Err(Usage::because(format!(
                "`{pattern}`: what is taken has no depth; write TABLES:RIGHTS, such as lead:crw, or PRIVILEGE"
            )));
        }
    };
    Ok(parse(catalog, &whole)?.into_iter().map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use sluice_model::{Ownership, TableDef};

    use super::*;

    #[test]
    fn a_pattern_is_tables_rights_and_a_depth() {
        let tables = [
            TableDef::new("sl_thing", Ownership::User),
            TableDef::new("sl_rule", Ownership::Organization),
        ];
        let catalog = Catalog::new(tables.to_vec());
        let read = |pattern: &str| parse(&catalog, pattern).map_err(|error| error.to_string());
        let names =
            |pattern: &str| -> Vec<String> { read(pattern).unwrap().into_iter().map(|(name, _)| name).collect() };
        assert_eq!(names("sl_thing:cA:user"), ["prvCreatesl_thing", "prvAppendTosl_thing"]);
        assert_eq!(names("sl_thing,sl_rule:r:org"), ["prvReadsl_thing", "prvReadsl_rule"]);
        assert_eq!((names("sl_thing:*:bu").len(), names("sl_rule:*:org").len()), (8, 6));
        assert_eq!(
            read("prvReadEntity:org").unwrap(),
            [("prvReadEntity".to_owned(), Depth::Organization)]
        );
        assert_eq!(
            read("prvMerge").unwrap(),
            [("prvMerge".to_owned(), Depth::Organization)],
            "a task has one depth"
        );
        for (wrong, why) in [
            ("sl_thing", "two or three parts"),
            ("prvReadsl_thing", "no depth"),
            ("sl_thing:x:user", "`x` is no right"),
            ("sl_thing:r:deepest", "is no depth"),
            ("sl_rule:s:org", "no privilege to share"),
            ("sl_think:r:org", "sl_thing"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }
}
