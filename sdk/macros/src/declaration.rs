//! Reads the declaration: its keys and the types of their values, and nothing about what
//! goes together (that is `checks`).

use proc_macro2::{Span, TokenStream};
use syn::{
    Error, Expr, LitInt, LitStr, Result, Token, bracketed,
    meta::{self, ParseNestedMeta},
    parenthesized,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::names::one_of;

/// What stands in `#[plugin(…)]`.
#[derive(Default)]
pub(crate) struct Declaration {
    pub(crate) name: Option<LitStr>,
    pub(crate) wants: Vec<LitStr>,
    pub(crate) steps: Vec<StepArguments>,
    pub(crate) needs: Vec<LitStr>,
    pub(crate) inputs: Vec<Argument>,
    pub(crate) outputs: Vec<Argument>,
}

/// What stands in `input(…)` and `output(…)`.
pub(crate) struct Argument {
    pub(crate) span: Span,
    pub(crate) name: Option<LitStr>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) required: bool,
    pub(crate) description: Option<LitStr>,
}

/// What stands in `step(…)`.
pub(crate) struct StepArguments {
    pub(crate) span: Span,
    pub(crate) message: Option<LitStr>,
    pub(crate) table: Option<LitStr>,
    pub(crate) stage: Option<LitStr>,
    pub(crate) mode: Option<LitStr>,
    pub(crate) rank: Option<LitInt>,
    pub(crate) columns: Vec<LitStr>,
    pub(crate) images: Vec<Image>,
    pub(crate) config: Option<Expr>,
    pub(crate) description: Option<LitStr>,
}

/// What stands in `image(…)`.
pub(crate) struct Image {
    pub(crate) span: Span,
    pub(crate) kind: Option<&'static str>,
    pub(crate) alias: Option<LitStr>,
    pub(crate) columns: Vec<LitStr>,
}

impl Declaration {
    /// Reads the tokens between the parentheses of the attribute.
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut declaration = Self::default();
        meta::parser(|key| match word(&key).as_str() {
            "name" => once(&mut declaration.name, &key),
            "wants" => {
                declaration.wants.extend(words_in_parentheses(&key)?);
                Ok(())
            }
            "step" => {
                declaration.steps.push(StepArguments::parse(&key)?);
                Ok(())
            }
            "needs" => {
                declaration.needs.extend(words_in_parentheses(&key)?);
                Ok(())
            }
            "input" => {
                declaration.inputs.push(Argument::parse(&key)?);
                Ok(())
            }
            "output" => {
                declaration.outputs.push(Argument::parse(&key)?);
                Ok(())
            }
            _ => Err(unknown(&key, &["name", "wants", "needs", "step", "input", "output"])),
        })
        .parse2(tokens)?;
        Ok(declaration)
    }
}

impl Argument {
    fn parse(argument: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut read = Self {
            span: span(argument),
            name: None,
            kind: None,
            required: false,
            description: None,
        };
        argument.parse_nested_meta(|key| match word(&key).as_str() {
            "name" => once(&mut read.name, &key),
            "kind" => once(&mut read.kind, &key),
            "description" => once(&mut read.description, &key),
            "required" => {
                read.required = true;
                Ok(())
            }
            _ => Err(unknown(&key, &["name", "kind", "required", "description"])),
        })?;
        Ok(read)
    }
}

impl StepArguments {
    fn parse(step: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut read = Self {
            span: span(step),
            message: None,
            table: None,
            stage: None,
            mode: None,
            rank: None,
            columns: Vec::new(),
            images: Vec::new(),
            config: None,
            description: None,
        };
        step.parse_nested_meta(|key| match word(&key).as_str() {
            "message" => once(&mut read.message, &key),
            "table" => once(&mut read.table, &key),
            "stage" => once(&mut read.stage, &key),
            "mode" => once(&mut read.mode, &key),
            "rank" => once(&mut read.rank, &key),
            "config" => once(&mut read.config, &key),
            "description" => once(&mut read.description, &key),
            "columns" => {
                read.columns.extend(words_in_brackets(&key)?);
                Ok(())
            }
            "image" => {
                read.images.push(Image::parse(&key)?);
                Ok(())
            }
            _ => Err(unknown(
                &key,
                &[
                    "message",
                    "table",
                    "stage",
                    "mode",
                    "rank",
                    "columns",
                    "image",
                    "config",
                    "description",
                ],
            )),
        })?;
        Ok(read)
    }
}

impl Image {
    fn parse(image: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut read = Self {
            span: span(image),
            kind: None,
            alias: None,
            columns: Vec::new(),
        };
        image.parse_nested_meta(|key| {
            let kind = match word(&key).as_str() {
                "pre" => "pre",
                "post" => "post",
                "both" => "both",
                "alias" => return once(&mut read.alias, &key),
                "columns" => {
                    read.columns.extend(words_in_brackets(&key)?);
                    return Ok(());
                }
                _ => return Err(unknown(&key, &["pre", "post", "both", "alias", "columns"])),
            };
            if let Some(earlier) = read.kind {
                let twice = format!("the image is `{earlier}` and `{kind}`: write `both`, or two images");
                return Err(key.error(twice));
            }
            read.kind = Some(kind);
            Ok(())
        })?;
        Ok(read)
    }
}

/// The key as a word; empty for a path of several.
fn word(key: &ParseNestedMeta<'_>) -> String {
    key.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

fn span(key: &ParseNestedMeta<'_>) -> Span {
    key.path.get_ident().map_or_else(Span::call_site, syn::Ident::span)
}

fn unknown(key: &ParseNestedMeta<'_>, known: &[&str]) -> Error {
    key.error(format!("unknown key; here goes {}", one_of(known).replace('"', "`")))
}

/// Reads `= value` for a key that may stand there once.
fn once<T: syn::parse::Parse>(slot: &mut Option<T>, key: &ParseNestedMeta<'_>) -> Result<()> {
    if slot.is_some() {
        return Err(key.error(format!("`{}` is given twice", word(key))));
    }
    *slot = Some(key.value()?.parse()?);
    Ok(())
}

/// Reads `= ["a", "b"]`.
fn words_in_brackets(key: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let value: ParseStream<'_> = key.value()?;
    let content;
    bracketed!(content in value);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?
        .into_iter()
        .collect())
}

/// Reads `("a", "b")`.
fn words_in_parentheses(key: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    parenthesized!(content in key.input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?
        .into_iter()
        .collect())
}
