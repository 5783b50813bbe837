//! The canonical form of a phone number. Knows neither rows nor the host.

/// The words before an extension, the longer ones first.
const EXTENSION: [&str; 6] = ["extension", "ext.", "ext", "x.", "x", "#"];

/// What may stand between the digits, besides blanks.
const SEPARATORS: [char; 10] = [
    '-', '.', '/', '(', ')', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}',
];

/// The number in its canonical form; `None` where the text is no number that this understands.
///
/// `818-762-1221` for ten digits (with or without the country code 1 before them), `+` and the
/// digits for a number with another country code, ` x123` behind either for an extension.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let (number, extension) = split_extension(text)?;
    let (international, digits) = digits(number)?;
    let national = if international || digits.len() == 11 {
        digits.strip_prefix('1')
    } else {
        Some(digits.as_str())
    };
    let number = match national {
        Some(national) => north_american(national)?,
        None if international && (8..=15).contains(&digits.len()) => format!("+{digits}"),
        None => return None,
    };
    Some(match extension {
        Some(extension) => format!("{number} x{extension}"),
        None => number,
    })
}

/// The number and the digits of its extension, if it has one.
fn split_extension(text: &str) -> Option<(&str, Option<&str>)> {
    let tail = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let extension = text.get(tail.len()..)?;
    let before = tail.trim_end();
    let word = EXTENSION.iter().find_map(|word| {
        let start = before.len().checked_sub(word.len())?;
        let found = before.get(start..)?;
        found.eq_ignore_ascii_case(word).then(|| before.get(..start)).flatten()
    });
    match word {
        Some(number) if (1..=10).contains(&extension.len()) => {
            Some((number.trim_end().trim_end_matches([',', ';']), Some(extension)))
        }
        Some(_) => None,
        None => Some((text, None)),
    }
}

/// The digits without what stands between them, and whether a country code leads them.
fn digits(number: &str) -> Option<(bool, String)> {
    let number = number.trim();
    let plus = number.starts_with('+');
    // The zero of `+49 (0)30 …` is dialled within the country only.
    let written = if number.starts_with(['+', '0']) {
        number.replacen("(0)", "", 1)
    } else {
        number.to_owned()
    };
    let mut digits = String::new();
    for c in written
        .chars()
        .skip(usize::from(plus))
        .filter(|c| !c.is_whitespace() && !SEPARATORS.contains(c))
    {
        digits.push(Some(c).filter(char::is_ascii_digit)?);
    }
    if plus {
        return Some((true, digits));
    }
    // What is dialled instead of the plus: 011 in North America, 00 in most other places.
    let dialled = digits
        .strip_prefix("011")
        .filter(|rest| rest.len() > 7)
        .or_else(|| digits.strip_prefix("00"));
    Some(match dialled {
        Some(rest) => (true, rest.to_owned()),
        None => (false, digits),
    })
}

/// `818-762-1221`, of ten digits. No area code begins with 0 or 1.
fn north_american(digits: &str) -> Option<String> {
    if digits.len() != 10 || digits.starts_with(['0', '1']) {
        return None;
    }
    let (area, rest) = digits.split_at_checked(3)?;
    let (exchange, line) = rest.split_at_checked(3)?;
    Some(format!("{area}-{exchange}-{line}"))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn ten_digits_in_any_dress() {
        for written in [
            "818-762-1221",
            "818/762-1221",
            "(818) 762 1221",
            "(818)762-1221",
            "818.762.1221",
            "8187621221",
            " 818 762\u{a0}1221 ",
            "818\u{2011}762\u{2013}1221",
            "1-818-762-1221",
            "+1 (818) 762-1221",
            "001 818 762 1221",
            "tel:+18187621221",
        ] {
            assert_eq!(canonical(written).as_deref(), Some("818-762-1221"), "{written:?}");
        }
    }

    #[test]
    fn other_countries_keep_their_code() {
        for (written, expected) in [
            ("+49 30 1234-5678", "+493012345678"),
            ("+49 (0)30 12345678", "+493012345678"),
            ("0049 30 12345678", "+493012345678"),
            ("0049 (0)30 12345678", "+493012345678"),
            ("011 44 20 7946 0958", "+442079460958"),
            ("+44 20 7946 0958 ext 12", "+442079460958 x12"),
        ] {
            assert_eq!(canonical(written).as_deref(), Some(expected), "{written:?}");
        }
    }

    #[test]
    fn extensions_are_kept() {
        for written in [
            "818-762-1221 x123",
            "818-762-1221x123",
            "818/762-1221 ext. 123",
            "(818) 762 1221, Extension 123",
            "818-762-1221 EXT123",
            "818-762-1221 #123",
        ] {
            assert_eq!(canonical(written).as_deref(), Some("818-762-1221 x123"), "{written:?}");
        }
    }

    #[test]
    fn what_is_unclear_stays() {
        for written in [
            "",
            "   ",
            "ask Maria",
            "1-800-FLOWERS",
            "762-1221",
            "030 1234567",
            "(0)301 234 5678",
            "+1 818 762",
            "+12",
            "+1234567890123456",
            "818-762-1221 / 818-762-1222",
            "818-762-1221 x",
            "818-762-1221 ext 12345678901",
            "x123",
            "２１２５５５１２１２",
            "+49 +30 12345678",
        ] {
            assert_eq!(canonical(written), None, "{written:?}");
        }
    }

    #[test]
    fn the_canonical_form_is_its_own() {
        for written in ["818/762-1221 ext. 9", "+49 (0)30 12345678 x1", "(818) 762 1221"] {
            let once = canonical(written).unwrap();
            assert_eq!(canonical(&once).as_deref(), Some(once.as_str()));
        }
    }
}
