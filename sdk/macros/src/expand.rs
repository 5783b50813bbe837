//! Writes the checked declaration down as a constant beside the function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, ExprLit, FnArg, ItemFn, Lit, LitStr, Meta, Result};

use crate::{
    checks::{self, CheckedStep},
    declaration::{Argument, Declaration, Image},
};

/// The function as it was written, followed by its registration or by the mistakes in it.
pub(crate) fn plugin(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => return Error::new_spanned(item, "`#[plugin]` stands above a function").into_compile_error(),
    };
    let registration = registration(attribute, &function).unwrap_or_else(|error| in_place_of(&function, &error));
    quote! { #function #registration }
}

/// The mistakes, with an empty registration: without it, `export!` would add its own complaint.
fn in_place_of(function: &ItemFn, error: &Error) -> TokenStream {
    let (visibility, ident) = (&function.vis, &function.sig.ident);
    let error = error.to_compile_error();
    quote! {
        #error
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility enum #ident {}
        impl ::sluice_sdk::registration::Declare for #ident {
            const PLUGIN: ::sluice_sdk::registration::Plugin = ::sluice_sdk::registration::Plugin::NONE;
        }
    }
}

/// A type of the function's name, which carries the registration: functions and types do
/// not share their names, so that `export!(name)` finds both.
fn registration(attribute: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    check_function(function)?;
    let mut declaration = Declaration::parse(attribute)?;
    let checked = checks::check(&mut declaration)?;
    let Declaration {
        name,
        wants,
        needs,
        inputs,
        outputs,
        ..
    } = declaration;

    let visibility = &function.vis;
    let ident = &function.sig.ident;
    let name = name.unwrap_or_else(|| LitStr::new(&ident.to_string(), ident.span()));
    let description = description(&function.attrs);
    let steps = checked.steps.iter().map(step);
    let (inputs, outputs) = (inputs.iter().map(argument), outputs.iter().map(argument));
    Ok(quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility enum #ident {}

        impl ::sluice_sdk::registration::Declare for #ident {
            const PLUGIN: ::sluice_sdk::registration::Plugin = ::sluice_sdk::registration::Plugin {
                name: #name,
                description: #description,
                wants: &[#(#wants),*],
                steps: &[#(#steps),*],
                privileges: &[#(#needs),*],
                inputs: &[#(#inputs),*],
                outputs: &[#(#outputs),*],
                function: concat!(module_path!(), "::", stringify!(#ident)),
                run: #ident,
            };
        }
    })
}

fn check_function(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let wanted = "a plug-in is a plain function: `fn name(cx: &Context) -> Result<()>`";
    if let Some(keyword) = &signature.asyncness {
        return Err(Error::new_spanned(keyword, wanted));
    }
    if let Some(keyword) = &signature.unsafety {
        return Err(Error::new_spanned(keyword, wanted));
    }
    if signature.generics.type_params().next().is_some() || signature.generics.const_params().next().is_some() {
        return Err(Error::new_spanned(&signature.generics, wanted));
    }
    let mut inputs = signature.inputs.iter();
    match (inputs.next(), inputs.next()) {
        (Some(FnArg::Typed(_)), None) => Ok(()),
        _ => Err(Error::new_spanned(signature, wanted)),
    }
}

/// The first paragraph of the documentation comment, on one line.
fn description(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| {
            let Meta::NameValue(pair) = &attribute.meta else {
                return None;
            };
            let Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) = &pair.value
            else {
                return None;
            };
            Some(text.value().trim().to_owned())
        });
    let paragraph: Vec<String> = lines
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    paragraph.join(" ")
}

fn step(checked: &CheckedStep) -> TokenStream {
    let CheckedStep {
        step,
        stage,
        mode,
        rank,
    } = checked;
    let message = &step.message;
    let table = text(step.table.as_ref());
    let description = text(step.description.as_ref());
    let columns = &step.columns;
    let images = step.images.iter().map(image);
    let configuration = match &step.config {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::sluice_sdk::registration::Step {
            message: #message,
            table: #table,
            stage: #stage,
            mode: #mode,
            rank: #rank,
            filtering_columns: &[#(#columns),*],
            images: &[#(#images),*],
            configuration: #configuration,
            description: #description,
        }
    }
}

fn argument(argument: &Argument) -> TokenStream {
    let (name, kind) = (text(argument.name.as_ref()), text(argument.kind.as_ref()));
    let (required, description) = (argument.required, text(argument.description.as_ref()));
    quote! {
        ::sluice_sdk::registration::Argument {
            name: #name, kind: #kind, required: #required, description: #description,
        }
    }
}

fn image(image: &Image) -> TokenStream {
    let Image {
        kind, alias, columns, ..
    } = image;
    quote! {
        ::sluice_sdk::registration::Image { kind: #kind, alias: #alias, columns: &[#(#columns),*] }
    }
}

fn text(literal: Option<&LitStr>) -> String {
    literal.map(LitStr::value).unwrap_or_default()
}
