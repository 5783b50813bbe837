//! The trace of one call: its last lines.

/// The last `limit` bytes of a trace.
#[derive(Debug)]
pub(crate) struct Trace {
    limit: usize,
    text: String,
    dropped: usize,
}

impl Trace {
    /// An empty trace.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            text: String::new(),
            dropped: 0,
        }
    }

    /// Adds a line. Control characters but tabs and line ends are shown, never passed on: the
    /// trace is read on terminals.
    pub(crate) fn line(&mut self, line: &str) {
        let cut = line.floor_char_boundary(line.len().saturating_sub(self.limit));
        self.dropped += cut;
        let line = line.get(cut..).unwrap_or_default();
        if line.chars().any(is_hidden) {
            for c in line.chars() {
                if is_hidden(c) {
                    self.text.extend(c.escape_default());
                } else {
                    self.text.push(c);
                }
            }
        } else {
            self.text.push_str(line);
        }
        self.text.push('\n');
        if self.text.len() > self.limit.saturating_mul(4) {
            self.shrink(self.limit);
        }
    }

    /// The trace, with a line that says what was dropped.
    pub(crate) fn finish(mut self) -> String {
        if self.dropped == 0 && self.text.len() <= self.limit {
            return self.text;
        }
        // Room for the marker, whose length depends on the number in it by a few bytes only.
        self.shrink(self.limit.saturating_sub(64));
        format!("[{} bytes of older lines dropped]\n{}", self.dropped, self.text)
    }

    /// Drops whole lines from the front, or a part of the only line.
    fn shrink(&mut self, limit: usize) {
        let least = self.text.len().saturating_sub(limit);
        if least == 0 {
            return;
        }
        let from = self.text.ceil_char_boundary(least);
        let after = self
            .text
            .get(from.saturating_sub(1)..)
            .and_then(|rest| rest.find('\n'))
            .map(|end| from + end);
        let cut = after.filter(|cut| *cut < self.text.len()).unwrap_or(from);
        self.text.drain(..cut);
        self.dropped += cut;
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\t' && c != '\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_trace_is_kept_whole() {
        let mut trace = Trace::new(100);
        trace.line("one");
        trace.line("two");
        assert_eq!(trace.finish(), "one\ntwo\n");
    }

    #[test]
    fn a_long_trace_keeps_its_last_lines() {
        let mut trace = Trace::new(1000);
        for n in 0..10_000 {
            trace.line(&format!("line {n}"));
        }
        let text = trace.finish();
        assert!(text.len() <= 1000, "{}", text.len());
        let (marker, rest) = text.split_once('\n').unwrap();
        assert!(marker.ends_with("bytes of older lines dropped]"), "{marker}");
        assert!(rest.starts_with("line 9"), "{rest}");
        assert!(rest.ends_with("line 9999\n"));
    }

    #[test]
    fn one_line_over_the_limit_keeps_its_end() {
        let mut trace = Trace::new(1000);
        trace.line(&"ä".repeat(5_000_000));
        let text = trace.finish();
        assert!(text.len() <= 1000 && text.len() > 900, "{}", text.len());
        assert!(text.ends_with("ä\n"));
    }

    #[test]
    fn control_characters_are_shown() {
        let mut trace = Trace::new(100);
        trace.line("\u{1b}[31mred\0\ttab");
        assert_eq!(trace.finish(), "\\u{1b}[31mred\\u{0}\ttab\n");
    }
}
