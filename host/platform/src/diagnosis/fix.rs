//! What helps, as messages of the platform: each is sent as it is printed, in the trial that shows
//! that it helps.

mod profiles;

use serde_json::Value as Json;
use sluice_engine::tables;
use sluice_model::{
    Catalog, Depth, Name, Parameter, Reference, Request, Right, Row, StepInfo, Uuid, Value, parameter,
    state::{
        State,
        process::{ACTIVATED, DRAFT},
    },
};

use super::{
    Way,
    new_role::{self, NewRole},
};

/// A message that helps, alone or with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Send the request again in another way.
    Again {
        /// Its message.
        message: Name,
        /// The row that it is about.
        row: Option<Reference>,
        /// What was sent, as JSON; `None` where that is long, or has no such form.
        inputs: Option<Vec<(Name, Json)>>,
        /// The way.
        way: Way,
    },
    /// Share one row.
    Share {
        /// The row.
        row: Reference,
        /// With this user or team.
        with: Reference,
        /// Its name.
        name: String,
        /// The right that it gets.
        right: Right,
    },
    /// Assign one row.
    Assign {
        /// The row.
        row: Reference,
        /// To this user or team.
        to: Reference,
        /// Its name.
        name: String,
    },
    /// Give a user or team a role.
    GiveRole {
        /// The user or team.
        to: Reference,
        /// Its name.
        name: String,
        /// The copy of the role in its business unit, or in another one.
        copy: Uuid,
        /// The name of that other business unit.
        of_unit: Option<String>,
        /// The role's name.
        role: String,
        /// How many privileges it holds that the user or team does not have yet, or not as deep.
        gives: usize,
        /// Whether some of them reach rows of others, or what works for everybody, beyond what was refused.
        reaches_others: bool,
    },
    /// Make a role for a user or team, and give it.
    NewRole(NewRole),
    /// Let the members of teams use a role for rows of their own, too.
    Inherit {
        /// The role's id.
        id: Uuid,
        /// Its name.
        role: String,
    },
    /// Grant a privilege to a role, at a depth.
    Grant {
        /// The role's id.
        id: Uuid,
        /// Its name.
        role: String,
        /// The privilege.
        privilege: String,
        /// How deep.
        depth: Depth,
    },
    /// Add a user or team to a column security profile.
    JoinProfile {
        /// The profile's id.
        profile: Uuid,
        /// Its name.
        called: String,
        /// The user or team.
        to: Reference,
        /// Its name.
        name: String,
    },
    /// Make a column security profile for a user or team.
    NewProfile {
        /// The profile's id.
        profile: Uuid,
        /// Its name.
        called: String,
        /// The user or team.
        to: Reference,
        /// Its name.
        name: String,
        /// What it gives: table, column and right, each once.
        gives: Vec<(String, String, &'static str)>,
    },
    /// Let a column security profile give a right on a column.
    GrantColumn {
        /// The profile's id.
        profile: Uuid,
        /// Its name.
        called: String,
        /// What it says of the column so far.
        permission: Option<Uuid>,
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The right: `canread`, `cancreate`, `canupdate`.
        right: &'static str,
    },
    /// Let the step run as this user.
    RunAs {
        /// The step's id.
        step: Uuid,
        /// The user's id.
        id: Uuid,
        /// The user's name.
        user: String,
        /// Whether nobody signs in as this user.
        is_service: bool,
        /// Whether this user may act for others, whatever these may.
        acts_for_others: bool,
    },
    /// Let the workflow run as whoever sets it off.
    AsCaller {
        /// Its id.
        workflow: Uuid,
    },
    /// Let a user write again, whose access mode lets it read only.
    OpenAccess {
        /// The user's id.
        user: Uuid,
        /// The user's name.
        name: String,
    },
    /// Let a user work who is disabled, or of a disabled business unit.
    Enable {
        /// The user's id, or a team's.
        user: Uuid,
        /// Its name.
        name: String,
        /// Whether the user itself is disabled.
        itself: bool,
        /// The business units that are disabled, its own and those above, the highest first: id and name.
        units: Vec<(Uuid, String)>,
    },
    /// Let the step's plug-in use what it asks for.
    Allow {
        /// The step's id.
        step: Uuid,
        /// What it was granted, and the capability that it lacks.
        capabilities: Vec<String>,
    },
    /// Activate the workflow that is started and rests.
    Activate {
        /// Its id.
        workflow: Uuid,
        /// Its name.
        name: String,
    },
    /// Deactivate the workflow or the business rule.
    Deactivate {
        /// Its id.
        workflow: Uuid,
        /// What it is, in a word: `workflow`, `business rule`.
        kind: &'static str,
    },
    /// Let a workflow be another user's, and activate it again.
    Own {
        /// Its id.
        workflow: Uuid,
        /// The user's id.
        id: Uuid,
        /// The user's name.
        user: String,
        /// Whether nobody signs in as this user.
        is_service: bool,
        /// Whether this user may act for others, whatever these may.
        acts_for_others: bool,
    },
    /// Let the step use more of what it may not use enough of.
    Raise {
        /// The step's id.
        step: Uuid,
        /// All the limits that are its own, as it has them.
        limits: String,
        /// The limit that is raised.
        limit: String,
        /// To how much.
        to: u64,
        /// Of what.
        unit: &'static str,
    },
    /// Disable the step.
    Disable {
        /// The step's id.
        step: Uuid,
        /// Whether it is the organisation's own, and neither managed nor the platform's.
        is_own: bool,
    },
    /// Disable another step, without which the one that fails does not, or deactivate that workflow.
    Break {
        /// The step.
        step: StepInfo,
        /// Whether it is the organisation's own, and neither managed nor the platform's.
        is_own: bool,
    },
}

impl Fix {
    /// A request in another way.
    pub(super) fn again(catalog: &Catalog, request: &Request, way: Way) -> Self {
        let row = request.inputs.values().find_map(|parameter| match parameter {
            Parameter::Reference(row) => Some(row.clone()),
            Parameter::Row(row) => Some(row.reference()),
            _ => None,
        });
        let inputs = match way {
            Way::Whole => inputs(catalog, &way.apply(request)),
            _ => inputs(catalog, request),
        };
        Self::Again {
            message: request.message.clone(),
            row,
            inputs,
            way,
        }
    }

    /// Its kind in a word: `share`, `grant`, `disable`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Again {
                way: Way::PassingOver(_),
                ..
            } => "bypass",
            Self::Again { .. } => "again",
            Self::Share { .. } => "share",
            Self::Assign { .. } => "assign",
            Self::GiveRole { .. } => "give-role",
            Self::NewRole(_) => "new-role",
            Self::Inherit { .. } => "inherit",
            Self::Grant { .. } => "grant",
            Self::JoinProfile { .. } => "join-profile",
            Self::NewProfile { .. } => "new-profile",
            Self::GrantColumn { .. } => "grant-column",
            Self::RunAs { .. } | Self::AsCaller { .. } => "run-as",
            Self::Own { .. } => "own",
            Self::Allow { .. } => "allow",
            Self::Raise { .. } => "raise",
            Self::OpenAccess { .. } => "open-access",
            Self::Enable { .. } => "enable",
            Self::Activate { .. } => "activate",
            Self::Disable { .. } | Self::Deactivate { .. } | Self::Break { .. } => "disable",
        }
    }

    /// Whether it makes a column security profile for this user or team.
    pub(super) fn makes_profile_for(&self, holder: &Reference) -> bool {
        matches!(self, Self::NewProfile { to, .. } if to == holder)
    }

    /// Whether what was refused then runs in another name.
    pub(super) fn runs_as(&self) -> bool {
        matches!(self, Self::RunAs { .. } | Self::AsCaller { .. } | Self::Own { .. })
    }

    /// The request as it is sent with this fix: in another way, or as it was.
    pub fn applied_to(&self, request: &Request) -> Request {
        match self {
            Self::Again { way, .. } => way.apply(request),
            _ => request.clone(),
        }
    }

    /// Its messages; none where it is the request itself that is sent in another way.
    pub fn requests(&self) -> Vec<Request> {
        match self {
            Self::Again { .. } => Vec::new(),
            Self::NewProfile {
                profile,
                called,
                to,
                gives,
                ..
            } => profiles::new_profile(*profile, called, to, gives),
            Self::NewRole(role) => role.requests(),
            Self::Own { workflow, id, .. } => own(*workflow, *id),
            Self::Enable {
                user, itself, units, ..
            } => {
                let units = units.iter().map(|(unit, _)| (tables::BUSINESS_UNIT, *unit));
                let rows = units.chain(itself.then_some((tables::USER, *user)));
                rows.map(|(table, id)| Request::update(Row::new(table, id).with("isdisabled", false)))
                    .collect()
            }
            // What is active is not changed.
            Self::AsCaller { workflow } => vec![
                deactivate(*workflow),
                Request::update(Row::new(tables::PROCESS, *workflow).with("runas", Value::Choice(1))),
                activate(*workflow),
            ],
            _ => self.request().into_iter().collect(),
        }
    }

    /// The message of what takes one.
    fn request(&self) -> Option<Request> {
        Some(match self {
            Self::Again { .. }
            | Self::NewProfile { .. }
            | Self::NewRole(_)
            | Self::Own { .. }
            | Self::AsCaller { .. }
            | Self::Enable { .. } => return None,
            Self::Share { row, with, right, .. } => Request::new("GrantAccess")
                .with("Target", row.clone())
                .with("Principal", with.clone())
                .with("AccessMask", Value::Text(right.access_name())),
            Self::Assign { row, to, .. } => Request::new("Assign")
                .with("Target", row.clone())
                .with("Assignee", to.clone()),
            Self::GiveRole { to, copy, .. } => new_role::give(*copy, to),
            Self::Inherit { id, .. } => {
                Request::update(Row::new(tables::ROLE, *id).with("isinherited", Value::Choice(1)))
            }
            Self::Grant {
                id, privilege, depth, ..
            } => new_role::grant(*id, [(privilege.as_str(), *depth)]),
            Self::JoinProfile { profile, to, .. } => profiles::join_profile(*profile, to),
            Self::GrantColumn {
                profile,
                permission,
                table,
                column,
                right,
                ..
            } => profiles::grant_column(*profile, *permission, (table, column), right),
            Self::RunAs { step, id, .. } => Request::update(
                Row::new(tables::STEP, *step).with("impersonatinguserid", Reference::new(tables::USER, *id)),
            ),
            Self::Raise { step, limits, .. } => {
                Request::update(Row::new(tables::STEP, *step).with("sl_limits", limits.as_str()))
            }
            Self::OpenAccess { user, .. } => {
                Request::update(Row::new(tables::USER, *user).with("accessmode", Value::Choice(0)))
            }
            Self::Allow { step, capabilities } => {
                Request::update(Row::new(tables::STEP, *step).with("sl_grants", capabilities.join(",")))
            }
            Self::Activate { workflow, .. } => activate(*workflow),
            Self::Deactivate { workflow, .. } => deactivate(*workflow),
            Self::Disable { step, .. } => disable(*step),
            Self::Break { step, .. } => match step.calls_plugin() {
                true => disable(step.id),
                false => deactivate(step.id),
            },
        })
    }
}

/// A longer request is not printed.
const MOST_PRINTED: usize = 2_000;

/// What a request carries, as JSON.
fn inputs(catalog: &Catalog, request: &Request) -> Option<Vec<(Name, Json)>> {
    let json = |(name, given): (&Name, &Parameter)| match given {
        Parameter::Query(_) => None,
        given => Some((name.clone(), parameter::to_json(catalog, given))),
    };
    let inputs: Vec<(Name, Json)> = request.inputs.iter().map(json).collect::<Option<_>>()?;
    let length: usize = inputs.iter().map(|(_, json)| json.to_string().len()).sum();
    (length <= MOST_PRINTED).then_some(inputs)
}

fn disable(step: Uuid) -> Request {
    Request::update(crate::plugins::registration::state_row(step, false))
}

fn deactivate(workflow: Uuid) -> Request {
    Request::update(process(workflow, DRAFT))
}

fn activate(workflow: Uuid) -> Request {
    Request::update(process(workflow, ACTIVATED))
}

fn process(id: Uuid, state: State) -> Row {
    Row::new(tables::PROCESS, id).in_state(state)
}

/// Who gives a workflow away deactivates it.
fn own(workflow: Uuid, user: Uuid) -> Vec<Request> {
    vec![
        Request::new("Assign")
            .with("Target", Reference::new(tables::PROCESS, workflow))
            .with("Assignee", Reference::new(tables::USER, user)),
        activate(workflow),
    ]
}
