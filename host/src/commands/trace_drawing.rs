//! The tree of a request, drawn for people.

use sluice_engine::TraceNode;

use crate::{report, text::grouped};

/// Draws a node and what it set off. `first` stands before the node, `rest` before the lines
/// below it.
pub(super) fn draw(node: &TraceNode, first: &str, rest: &str, lines: &mut Vec<String>) {
    lines.push(format!("{first}{}", headline(node)));
    let last = node.children.len().saturating_sub(usize::from(node.cut == 0));
    let below = if node.children.is_empty() && node.cut == 0 {
        "    "
    } else {
        "│   "
    };
    for (number, line) in node.said.iter().flat_map(|said| said.lines()).enumerate() {
        let word = if number == 0 { "said:" } else { "     " };
        lines.push(format!("{rest}{below}{word} {line}"));
    }
    if !node.changed.is_empty() {
        lines.push(format!("{rest}{below}changed: {}", node.changed.join(", ")));
    }
    if let Some(discarded) = node
        .discarded
        .as_ref()
        .filter(|discarded| !discarded.columns.is_empty())
    {
        lines.push(format!(
            "{rest}{below}would have changed: {}",
            discarded.columns.join(", ")
        ));
    }
    if let Some(usage) = &node.usage {
        lines.push(format!("{rest}{below}used: {usage}"));
    }
    let is_leaf = node.error.is_some() && node.children.iter().all(|child| child.error.is_none());
    if let Some(error) = node.refusal().filter(|_| is_leaf) {
        let text = crate::text::wrapped(&error, 100);
        lines.extend(text.lines().map(|line| format!("{rest}{below}{line}")));
    }
    for (position, child) in node.children.iter().enumerate() {
        let (branch, under) = if position == last {
            ("└── ", "    ")
        } else {
            ("├── ", "│   ")
        };
        draw(child, &format!("{rest}{branch}"), &format!("{rest}{under}"), lines);
    }
    if node.cut > 0 {
        lines.push(format!(
            "{rest}└── … and {} more, which were not kept",
            grouped(node.cut)
        ));
    }
}

/// `✗ step "commission: Create of account" (pre-operation)  1,234 µs  ← failed here`
fn headline(node: &TraceNode) -> String {
    let mark = if node.error.is_some() { "✗ " } else { "" };
    let what = match (node.kind.as_str(), node.level) {
        (kind @ ("step" | "workflow" | "business rule"), Some(stage)) => {
            let plugin = node.plugin.as_ref().map(|plugin| format!(", plug-in {plugin}"));
            let plugin = plugin.unwrap_or_default();
            format!("{kind} \"{}\" ({}){plugin}", node.name, report::stage(stage))
        }
        ("message", Some(depth)) => format!("{} (depth {depth})", node.name),
        ("call", _) => format!("call {}", node.name),
        _ => node.name.clone(),
    };
    let user = node.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
    let here = if node.error.is_some() && node.children.iter().all(|child| child.error.is_none()) {
        "  ← failed here"
    } else {
        ""
    };
    let watched = match &node.discarded {
        Some(_) => ", only watched: discarded",
        None => "",
    };
    format!("{mark}{what}{user}{watched}  {} µs{here}", grouped(node.microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(kind: &str, name: &str, error: Option<&str>, children: Vec<TraceNode>) -> TraceNode {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        TraceNode {
            kind,
            name,
            microseconds: 1_500,
            error: error.map(|message| serde_json::json!({ "code": "0x80040220", "message": message })),
            children,
            ..TraceNode::default()
        }
    }

    #[test]
    fn the_failing_leaf_is_marked() {
        let call = leaf("call", "Retrieve x", Some("no"), Vec::new());
        let root = leaf(
            "message",
            "Create a",
            Some("no"),
            vec![leaf("call", "Other", None, Vec::new()), call],
        );
        let mut lines = Vec::new();
        draw(&root, "", "", &mut lines);
        assert_eq!(
            lines,
            [
                "✗ Create a  1,500 µs",
                "├── call Other  1,500 µs",
                "└── ✗ call Retrieve x  1,500 µs  ← failed here",
                "        0x80040220 no",
            ]
        );
    }

    #[test]
    fn what_was_not_kept_is_counted() {
        let mut root = leaf(
            "message",
            "Create a",
            None,
            vec![leaf("call", "Other", None, Vec::new())],
        );
        root.cut = 12_345;
        let mut lines = Vec::new();
        draw(&root, "", "", &mut lines);
        assert_eq!(
            lines,
            [
                "Create a  1,500 µs",
                "├── call Other  1,500 µs",
                "└── … and 12,345 more, which were not kept"
            ]
        );
    }
}
