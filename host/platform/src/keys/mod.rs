//! Alternate keys: their life from the row of `entitykey` that asks for one to the index that keeps
//! the values of rows apart. A key is at work when its table's definition has it.
//!
//! | to | look at |
//! |---|---|
//! | see how a row is found by a key | `sluice_engine::keys` |
//! | see what a key may be made of | `sluice_model::KeyDef` |
//! | make, try again, take away | `life`, and a file for each message |
//! | see how the index is made | `work`, run by [`sluice_engine::runner`] |

mod create_entity_key;
mod delete_entity_key;
mod dependants;
pub(crate) mod life;
mod reactivate_entity_key;
mod work;

use sluice_engine::Capability;

/// Alternate keys.
pub(crate) static KEYS: Capability = Capability {
    tables: sluice_engine::tables!["entitykey"],
    messages: &[
        &create_entity_key::CreateEntityKey,
        &delete_entity_key::DeleteEntityKey,
        &reactivate_entity_key::ReactivateEntityKey,
    ],
    dependants: &[&dependants::Keys],
    jobs: &[&work::MakeIndex],
    ..Capability::named("keys")
};
