//! What a file is that cannot be read as it stands: another separator, another encoding.

/// The separators that a file may have.
pub(super) const SEPARATORS: [(u8, &str); 4] = [
    (b',', "commas"),
    (b';', "semicolons"),
    (b'\t', "tabs"),
    (b'|', "vertical bars"),
];

/// What the beginning of a file shows that is no UTF-8.
pub(super) fn encoding(start: &[u8]) -> Option<String> {
    let zeros = |first: usize| start.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    // Latin letters in UTF-16 have a zero in every second byte.
    let half = start.len() / 2;
    let is_wide = start.starts_with(b"\xFF\xFE")
        || start.starts_with(b"\xFE\xFF")
        || (half >= 4 && (zeros(0) * 2 > half || zeros(1) * 2 > half));
    is_wide.then(|| {
        "the file is in UTF-16, and an import reads UTF-8; save it as \"CSV UTF-8\", or convert it with \
         iconv -f UTF-16 -t UTF-8"
            .to_owned()
    })
}

/// What bytes are that are no UTF-8, as people see them.
pub(super) fn latin(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let shown = String::from_utf8_lossy(bytes);
    let likely = !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    match likely {
        true => format!(
            "\"{}\" is not UTF-8; in Latin-1 it is \"{}\": save the file as \"CSV UTF-8\", or convert it with \
             iconv -f WINDOWS-1252 -t UTF-8",
            shown.trim(),
            text.trim()
        ),
        false => format!("\"{}\" is not UTF-8", shown.trim()),
    }
}

/// What other lines than headings, or other words than those of the map, begin a file.
pub(super) fn heading(headings: &[String], of_map: &[&str]) -> Option<String> {
    if headings
        .first()
        .is_some_and(|first| first.to_lowercase().starts_with("sep="))
    {
        return Some("; the line `sep=…` speaks to spreadsheets: take it out".to_owned());
    }
    if headings.iter().any(|heading| heading.contains('\r')) {
        return Some("; the lines of the file end in CR alone: convert it with tr '\\r' '\\n'".to_owned());
    }
    let alike = |heading: &String| {
        let other = of_map
            .iter()
            .find(|other| other.to_lowercase() == heading.to_lowercase());
        other.filter(|other| **other != heading)
    };
    let other = headings.iter().find_map(alike)?;
    Some(format!(
        "; the map writes it `{other}`: capital and small letters count"
    ))
}

/// With which other separator the headings are those of the map, or there are more of them.
pub(super) fn separator(headings: &[String], known: impl Fn(&str) -> bool, current: u8) -> Option<String> {
    let unknown: Vec<&String> = headings.iter().filter(|heading| !known(heading)).collect();
    let parts = |separator: u8| {
        let of = |heading: &&String| heading.split(char::from(separator)).count();
        let many = unknown.iter().map(of).sum::<usize>();
        (many > unknown.len()).then_some(many)
    };
    let others = SEPARATORS.iter().filter(|(separator, _)| *separator != current);
    let (separator, word) = others
        .filter(|(separator, _)| parts(*separator).is_some())
        .max_by_key(|(separator, _)| parts(*separator))?;
    let written = match separator {
        b'\t' => "\\t".to_owned(),
        other => char::from(*other).to_string(),
    };
    Some(format!(
        "; the file seems to have {word} between its fields: put separator = \"{written}\" at the top of the map"
    ))
}
