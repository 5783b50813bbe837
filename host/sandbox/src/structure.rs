//! How much of everything a plug-in's file may have, counted before anything expands it.
//!
//! The compiler makes one thing of each instance that nested instantiations lead to: thirty
//! components in 2 KB, each instantiating the one inside it twice, are a thousand million of
//! them. So they are counted here as often as they would be made, in one pass over the bytes and
//! without keeping any of them.

use sluice_model::{Code, Error, Result, error::Limit};
use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Encoding, FunctionBody, Instance, Operator, Parser, Payload,
};

/// What a file may have of something.
struct Most {
    name: &'static str,
    most: u64,
    what: &'static str,
}

const fn most(name: &'static str, most: u64, what: &'static str) -> Most {
    Most { name, most, what }
}

const INSTANCES: Most = most(
    "instances",
    1_000,
    "instances, each counted as often as it would be made",
);
const ITEMS: Most = most(
    "items",
    100_000,
    "items in its components, each counted as often as it would be made",
);
const COMPONENTS: Most = most("components", 256, "modules and components");
const NESTING: Most = most("nesting", 16, "levels of components in components");
const FUNCTIONS: Most = most("functions", 50_000, "functions");
const BODY: Most = most("body", 256 << 10, "bytes in one function");
const BLOCKS: Most = most("blocks", 1_000, "levels of blocks in one function");
const LOCALS: Most = most("locals", 2_000_000, "local variables");
const TYPES: Most = most("types", 20_000, "types");
const TYPE_BYTES: Most = most("type-bytes", 1 << 20, "bytes of component types");
const DECLARED: Most = most("declared", 200_000, "globals, tables, data and element segments");

/// What an instance of a component comes to.
#[derive(Clone, Copy, Default)]
struct Weight {
    instances: u64,
    items: u64,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.items = self.items.saturating_add(other.items);
    }

    fn larger(self, other: Self) -> Self {
        Self {
            instances: self.instances.max(other.instances),
            items: self.items.max(other.items),
        }
    }
}

/// A module or a component that is being read.
#[derive(Default)]
struct Frame {
    is_component: bool,
    weight: Weight,
    /// What the components come to that it can name by a number, in their order.
    components: Vec<Weight>,
}

/// What was counted so far.
#[derive(Default)]
struct Counted {
    open: Vec<Frame>,
    /// The heaviest component so far: what an instance may hand out under a name.
    heaviest: Weight,
    components: u64,
    functions: u64,
    locals: u64,
    types: u64,
    type_bytes: u64,
    declared: u64,
}

/// Why the reading of a file ended before its end.
enum Stop {
    /// It is no WebAssembly; who validates it finds the words.
    Broken,
    Refused(Error),
}

impl From<BinaryReaderError> for Stop {
    fn from(_: BinaryReaderError) -> Self {
        Self::Broken
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Refuses a file with more of something than a plug-in may have.
pub(crate) fn check(bytes: &[u8]) -> Result<()> {
    match Counted::default().read(bytes, true) {
        Err(Stop::Refused(error)) => Err(error),
        Ok(()) | Err(Stop::Broken) => Ok(()),
    }
}

fn within(most: &Most, used: u64) -> Result<()> {
    if used <= most.most {
        return Ok(());
    }
    let shown = if used == u64::MAX {
        "far more".to_owned()
    } else {
        used.to_string()
    };
    let message = format!(
        "the file is more than this host compiles: it has {shown} {}; a plug-in may have {}",
        most.what, most.most
    );
    let mut error = Error::new(Code::PLUGIN_TOO_LARGE, message);
    error.body_mut().limit = Some(Limit {
        name: most.name.to_owned(),
        allowed: most.most,
        used,
        unit: if most.what.starts_with("bytes") {
            "bytes"
        } else {
            most.name
        },
    });
    Err(error)
}

impl Counted {
    fn read(&mut self, bytes: &[u8], outermost: bool) -> std::result::Result<(), Stop> {
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::Version { encoding, .. } => self.enter(encoding)?,
                Payload::End(_) => self.leave(),
                Payload::CodeSectionEntry(body) => self.body(&body)?,
                // What a core module says of its contract is a component of its own.
                Payload::CustomSection(section) if outermost && section.name().starts_with("component-type") => {
                    Self::default().read(section.data(), false)?;
                }
                payload => {
                    self.of_module(&payload)?;
                    self.of_component(payload)?;
                }
            }
            if let Some(frame) = self.open.last() {
                within(&INSTANCES, frame.weight.instances)?;
                within(&ITEMS, frame.weight.items)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, encoding: Encoding) -> Result<()> {
        self.components += 1;
        within(&COMPONENTS, self.components)?;
        self.open.push(Frame {
            is_component: encoding == Encoding::Component,
            weight: Weight { instances: 1, items: 0 },
            components: Vec::new(),
        });
        within(&NESTING, self.open.len() as u64)
    }

    fn leave(&mut self) {
        let Some(done) = self.open.pop().filter(|frame| frame.is_component) else {
            return;
        };
        self.heaviest = self.heaviest.larger(done.weight);
        if let Some(outer) = self.open.last_mut() {
            outer.components.push(done.weight);
        }
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> std::result::Result<(), Stop> {
        within(&BODY, body.range().end - body.range().start)?;
        for locals in body.get_locals_reader()? {
            self.locals = self.locals.saturating_add(locals?.0.into());
        }
        within(&LOCALS, self.locals)?;
        let mut depth = 0_u64;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    depth += 1;
                    within(&BLOCKS, depth)?;
                }
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts what a core module has.
    fn of_module(&mut self, payload: &Payload<'_>) -> Result<()> {
        let declared = match payload {
            Payload::FunctionSection(section) => {
                self.functions += u64::from(section.count());
                return within(&FUNCTIONS, self.functions);
            }
            Payload::TypeSection(section) => return self.types(section.count().into()),
            Payload::CoreTypeSection(section) => return self.types(section.count().into()),
            Payload::GlobalSection(section) => section.count(),
            Payload::TableSection(section) => section.count(),
            Payload::MemorySection(section) => section.count(),
            Payload::ElementSection(section) => section.count(),
            Payload::DataSection(section) => section.count(),
            _ => return Ok(()),
        };
        self.declared += u64::from(declared);
        within(&DECLARED, self.declared)
    }

    fn types(&mut self, more: u64) -> Result<()> {
        self.types += more;
        within(&TYPES, self.types)
    }

    /// Counts what a component has, and what its instances come to.
    fn of_component(&mut self, payload: Payload<'_>) -> std::result::Result<(), Stop> {
        match payload {
            Payload::ComponentTypeSection(section) => {
                let range = section.range();
                self.type_bytes += range.end.saturating_sub(range.start);
                within(&TYPE_BYTES, self.type_bytes)?;
                self.types(section.count().into())?;
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.more(u64::from(matches!(instance?, Instance::Instantiate { .. })));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    match instance? {
                        ComponentInstance::Instantiate { component_index, .. } => self.instantiate(component_index),
                        ComponentInstance::FromExports(_) => self.more(0),
                    }
                    self.check_weight()?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(&alias?);
                }
            }
            Payload::ComponentCanonicalSection(section) => self.items(section.count().into()),
            Payload::ComponentImportSection(section) => {
                for import in section {
                    // What is handed in later cannot be counted, and no tool builds it.
                    if matches!(import?.ty, ComponentTypeRef::Component(_)) {
                        return Err(Stop::Refused(handed_in()));
                    }
                    self.items(1);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.items(1);
                    if export.kind == ComponentExternalKind::Component {
                        self.name_again(0, export.index);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn check_weight(&self) -> Result<()> {
        match self.open.last() {
            Some(frame) => within(&INSTANCES, frame.weight.instances),
            None => Ok(()),
        }
    }

    fn items(&mut self, items: u64) {
        if let Some(frame) = self.open.last_mut() {
            frame.weight.add(Weight { instances: 0, items });
        }
    }

    fn more(&mut self, instances: u64) {
        if let Some(frame) = self.open.last_mut() {
            frame.weight.add(Weight { instances, items: 1 });
        }
    }

    fn instantiate(&mut self, component: u32) {
        let heaviest = self.heaviest;
        if let Some(frame) = self.open.last_mut() {
            let known = usize::try_from(component).ok();
            let weight = known.and_then(|index| frame.components.get(index)).copied();
            frame.weight.add(weight.unwrap_or(heaviest));
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        self.items(1);
        match alias {
            // Which one it is was said where the instance was made; it is none that comes later.
            ComponentAlias::InstanceExport {
                kind: ComponentExternalKind::Component,
                ..
            } => {
                let heaviest = self.heaviest;
                if let Some(frame) = self.open.last_mut() {
                    frame.components.push(heaviest);
                }
            }
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                count,
                index,
            } => self.name_again(*count, *index),
            _ => {}
        }
    }

    /// A component of the frame so many levels further out has a number here, too.
    fn name_again(&mut self, outwards: u32, index: u32) {
        let (outwards, index) = (usize::try_from(outwards), usize::try_from(index));
        let weight = match (outwards, index) {
            (Ok(outwards), Ok(index)) => {
                let frame = self.open.iter().rev().nth(outwards);
                frame.and_then(|frame| frame.components.get(index)).copied()
            }
            _ => None,
        };
        let weight = weight.unwrap_or(self.heaviest);
        if let Some(frame) = self.open.last_mut() {
            frame.components.push(weight);
        }
    }
}

fn handed_in() -> Error {
    Error::new(
        Code::FOREIGN_CONTRACT,
        "a component of the file is handed another component: this host does not compile that",
    )
}
