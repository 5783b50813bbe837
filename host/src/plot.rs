//! A plot for the terminal: a bar for each line, in block characters.

/// So many characters is the longest bar.
const WIDTH: f64 = 40.0;

/// A bar.
pub(crate) struct Bar {
    /// What it stands for.
    pub(crate) name: String,
    /// How long it is; nothing where that is not known.
    pub(crate) value: Option<f64>,
    /// What is written behind it.
    pub(crate) text: String,
}

/// The bars below each other, the longest over the whole width.
pub(crate) fn bars(bars: &[Bar]) -> String {
    let width = bars
        .iter()
        .map(|bar| bar.name.chars().count())
        .max()
        .unwrap_or_default();
    let longest = bars.iter().filter_map(|bar| bar.value).fold(0.0, f64::max);
    let line = |bar: &Bar| {
        let part = bar.value.filter(|_| longest > 0.0).map_or(0.0, |value| value / longest);
        let (blocks, text) = (blocks(part * WIDTH), &bar.text);
        format!(
            "{:width$}  {blocks}{}{text}",
            bar.name,
            if blocks.is_empty() { "" } else { " " }
        )
    };
    bars.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// So many blocks, to an eighth of one.
fn blocks(length: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length between 0 and the width"
    )]
    let eighths = (length.clamp(0.0, WIDTH) * 8.0).round() as usize;
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{part}", "█".repeat(eighths / 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_has_the_whole_width() {
        assert_eq!(blocks(0.0), "");
        assert_eq!(blocks(1.5), "█▌");
        assert_eq!(blocks(100.0).chars().count(), 40);
        let bar = |name: &str, value| Bar {
            name: name.to_owned(),
            value,
            text: "x".to_owned(),
        };
        let drawn = bars(&[bar("a", Some(2.0)), bar("bc", Some(1.0)), bar("d", None)]);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0], format!("a   {} x", "█".repeat(40)));
        assert_eq!(lines[1], format!("bc  {} x", "█".repeat(20)));
        assert_eq!(lines[2], "d   x");
    }
}
