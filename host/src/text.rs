//! Text as terminals and shells take it.

use indicatif::HumanCount;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The text, further in.
pub(crate) fn indented(text: &str, by: usize) -> String {
    textwrap::indent(text.trim_end_matches('\n'), &" ".repeat(by))
}

/// The text in lines of at most `width` characters, broken at blanks.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let options = Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(&words.join(" "), options)
}

/// A number with separators: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 byte`, `12,345,678 bytes`.
pub(crate) fn bytes(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} byte{plural}", grouped(number))
}

/// A word as a shell takes it, in one line.
pub(crate) fn quoted(word: &str) -> String {
    // A word of a command line holds no NUL, the one character that cannot be quoted.
    let word = word.replace('\0', "");
    match word.contains(char::is_control) {
        true => escaped(&word),
        false => shlex::try_quote(&word).map_or_else(|_| String::new(), std::borrow::Cow::into_owned),
    }
}

/// The same for a word that has line breaks or what steers a terminal: `$'two\nlines'`.
fn escaped(word: &str) -> String {
    let mut text = "$'".to_owned();
    for c in word.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' | '\'' => text.extend(['\\', c]),
            c if c.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrapped("one two  three\nfour", 8), "one two\nthree\nfour");
        assert_eq!(wrapped("averyveryverylongword x", 8), "averyveryverylongword\nx");
        assert_eq!(wrapped("", 8), "");
        assert_eq!(indented("a\n\nb", 2), "  a\n\n  b");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [grouped(7), grouped(999), grouped(1_000), grouped(12_345_678)],
            ["7", "999", "1,000", "12,345,678"]
        );
        assert_eq!([bytes(1), bytes(2_000)], ["1 byte", "2,000 bytes"]);
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("seller.west"), "seller.west");
        assert_eq!(
            quoted("two\nlines, Ann's \\ \u{1b}[2J\t"),
            "$'two\\nlines, Ann\\'s \\\\ \\u001b[2J\\t'"
        );
        assert_eq!(quoted("nul\0"), "nul");
        for word in ["./my org.db", "O'Neil", "", "a\"b$c`d"] {
            let split = shlex::split(&quoted(word)).unwrap();
            assert_eq!(split, [word], "{word}");
        }
    }
}
