//! A document of XML as a tree of elements, bounded in size, depth and number. Nothing of a
//! document is ever expanded: no document type, no entities beyond the five of XML itself.
//!
//! It is made of a reader's events and not by a crate that builds trees: so the bounds hold, also
//! that on the attributes of one element, before anything of a hostile document is kept or compared.

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use crate::{Error, Result};

/// The most characters of a document, as many as a view's column takes.
const MAX_SIZE: usize = 1_048_576;

/// How deeply elements may be nested.
const MAX_DEPTH: usize = 50;

/// How many attributes an element may have.
const MAX_ATTRIBUTES: usize = 50;

/// How many elements a document may have.
const MAX_ELEMENTS: usize = 5_000;

/// An element with what is in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Self>,
    pub(super) text: String,
}

impl Element {
    /// The attribute of that name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The attribute of that name, which must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str> {
        self.attribute(name)
            .filter(|value| !value.trim().is_empty())
            .ok_or_else(|| super::wrong(&format!("<{}> needs the attribute `{name}`", self.name)))
    }

    /// Refuses what the element may not have: attributes of other names, and text.
    pub(super) fn only(&self, attributes: &[&str]) -> Result<()> {
        match self
            .attributes
            .iter()
            .find(|(name, _)| !attributes.contains(&name.as_str()))
        {
            Some((name, _)) => Err(super::wrong(&format!("<{}> takes no attribute `{name}`", self.name))),
            None if self.name != "value" && !self.text.trim().is_empty() => Err(super::wrong(&format!(
                "<{}> takes no text, and has `{}`",
                self.name,
                self.text.trim().chars().take(40).collect::<String>()
            ))),
            None => Ok(()),
        }
    }
}

/// The document's one element.
///
/// # Errors
/// It is no XML, is too large, or has what it need not have.
pub(super) fn parse(text: &str) -> Result<Element> {
    if text.len() > MAX_SIZE {
        return Err(super::wrong(&format!("it is longer than {MAX_SIZE} characters")));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut elements = 0;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| malformed(reader.error_position(), &error))?;
        let at = reader.buffer_position();
        match event {
            Event::Start(start) => {
                elements += 1;
                check_size(open.len(), elements)?;
                open.push(element(&start, at)?);
            }
            Event::Empty(start) => {
                elements += 1;
                check_size(open.len(), elements)?;
                let element = element(&start, at)?;
                within(&mut open)?.children.push(element);
            }
            Event::End(_) => {
                let closed = open.pop().unwrap_or_default();
                within(&mut open)?.children.push(closed);
            }
            Event::Text(part) => within(&mut open)?.text.push_str(&part.xml10_content()),
            Event::CData(part) => within(&mut open)?.text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => named(&reference.xml10_content()),
                    Err(_) => None,
                };
                let c = resolved.ok_or_else(|| malformed(at, &"an entity that is none of XML's own"))?;
                within(&mut open)?.text.push(c);
            }
            Event::DocType(_) => return Err(malformed(at, &"a document type is not taken")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let document = match (open.pop(), open.is_empty()) {
        (Some(document), true) => document,
        (unclosed, _) => {
            let name = unclosed.unwrap_or_default().name;
            return Err(super::wrong(&format!("<{name}> is never closed")));
        }
    };
    let mut children = document.children.into_iter();
    match (children.next(), children.next()) {
        (Some(root), None) if document.text.trim().is_empty() => Ok(root),
        _ => Err(super::wrong("it is one <fetch> element, and nothing beside it")),
    }
}

/// The first element of that name, without what is in it.
pub(super) fn first(text: &str, name: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text.get(..MAX_SIZE).unwrap_or(text));
    for _ in 0..MAX_ELEMENTS {
        let event = reader.read_event().ok()?;
        match event {
            Event::Start(start) | Event::Empty(start) if start.name().as_ref() == name => {
                return element(&start, reader.buffer_position()).ok();
            }
            Event::Eof => return None,
            _ => {}
        }
    }
    None
}

/// The element that is open.
fn within(open: &mut [Element]) -> Result<&mut Element> {
    open.last_mut()
        .ok_or_else(|| super::wrong("an element is closed that was never opened"))
}

fn check_size(depth: usize, elements: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(super::wrong(&format!(
            "its elements are nested more than {MAX_DEPTH} deep"
        )));
    }
    if elements > MAX_ELEMENTS {
        return Err(super::wrong(&format!("it has more than {MAX_ELEMENTS} elements")));
    }
    Ok(())
}

fn element(start: &BytesStart<'_>, at: u64) -> Result<Element> {
    let mut element = Element {
        name: start.name().as_ref().to_owned(),
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| malformed(at, &error))?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| malformed(at, &error))?;
        let name = attribute.key.as_ref().to_owned();
        if element.attributes.len() == MAX_ATTRIBUTES {
            return Err(super::wrong(&format!(
                "<{}> has more than {MAX_ATTRIBUTES} attributes",
                element.name
            )));
        }
        element.attributes.push((name, value.into_owned()));
    }
    Ok(element)
}

fn named(entity: &str) -> Option<char> {
    Some(match entity {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

fn malformed(at: u64, what: &dyn std::fmt::Display) -> Error {
    super::wrong(&format!("it is no well-formed XML: {what} (at byte {at})"))
}
