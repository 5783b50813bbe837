//! The slow, obvious answer to "may this principal do that to this row?": loops over lists,
//! no cleverness, no code shared with `sluice-access`. Written from the platform's
//! page "How access to a record is determined" alone; where the two differ, one of them misread it.
//!
//! A plain module: include it with `#[path]`.

/// The id of a unit, user, team, role or row.
pub type Id = u128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Create,
    Read,
    Write,
    Delete,
    Assign,
    Share,
    Append,
    AppendTo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    Basic,
    Local,
    Deep,
    Global,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    User,
    Business,
    Organization,
}

#[derive(Debug, Clone)]
pub struct Unit {
    pub id: Id,
    pub parent: Option<Id>,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: Id,
    pub unit: Id,
}

#[derive(Debug, Clone)]
pub struct Team {
    pub id: Id,
    pub unit: Id,
    /// An access team: it receives shares, and neither owns rows nor holds roles.
    pub access: bool,
}

#[derive(Debug, Clone)]
pub struct Membership {
    pub user: Id,
    pub team: Id,
}

#[derive(Debug, Clone)]
pub struct Role {
    pub id: Id,
    /// "Direct User (Basic) access level and Team privileges"; else "Team privileges only".
    pub members_inherit: bool,
    /// Its business unit; it counts where rows are owned across units.
    pub unit: Id,
}

/// A user or a team holds a role.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub holder: Id,
    pub role: Id,
}

/// A role has the privilege of a right on a table.
#[derive(Debug, Clone)]
pub struct Grant {
    pub role: Id,
    pub table: &'static str,
    pub right: Right,
    pub depth: Depth,
}

#[derive(Debug, Clone)]
pub struct Row {
    pub id: Id,
    pub table: &'static str,
    pub ownership: Ownership,
    pub owner: Option<Id>,
    pub unit: Option<Id>,
}

#[derive(Debug, Clone)]
pub struct Share {
    pub row: Id,
    pub with: Id,
    pub rights: Vec<Right>,
    /// What comes down from rows that the row refers to.
    pub inherited: Vec<Right>,
}

/// Somebody reports to somebody else.
#[derive(Debug, Clone)]
pub struct Manager {
    pub user: Id,
    pub manager: Id,
}

/// A user has a position.
#[derive(Debug, Clone)]
pub struct Position {
    pub id: Id,
    pub parent: Option<Id>,
    pub users: Vec<Id>,
}

/// How managers see the rows of those below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hierarchy {
    #[default]
    Off,
    ByManagers,
    ByPositions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRight {
    Create,
    Read,
    Update,
}

/// A column security profile of a user or a team lets it do something with a secured column.
#[derive(Debug, Clone)]
pub struct ColumnPermission {
    pub holder: Id,
    pub table: &'static str,
    pub column: &'static str,
    pub right: ColumnRight,
}

#[derive(Debug, Clone, Default)]
pub struct Company {
    pub units: Vec<Unit>,
    pub users: Vec<User>,
    pub teams: Vec<Team>,
    pub memberships: Vec<Membership>,
    pub roles: Vec<Role>,
    pub assignments: Vec<Assignment>,
    pub grants: Vec<Grant>,
    pub rows: Vec<Row>,
    pub shares: Vec<Share>,
    /// Rows are owned across business units, and people hold roles of any.
    pub across: bool,
    pub hierarchy: Hierarchy,
    /// How many levels managers see below them.
    pub levels: usize,
    pub managers: Vec<Manager>,
    pub positions: Vec<Position>,
    pub columns: Vec<ColumnPermission>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Granted.
    Yes,
    /// `0x80042F09`: a user without any role.
    NoRoles,
    /// `0x80040220`: the privilege is held at no depth.
    NoPrivilege,
    /// `0x80048306`: the privilege is held, and does not reach the row.
    NoAccess,
}

/// May `principal` (a user or an owner team) do `right` to `row`?
pub fn may(world: &Company, principal: Id, right: Right, row: &Row) -> Answer {
    // Step 1, the privilege check: depth is ignored, shares do not help.
    let mut has_roles = false;
    let mut has_privilege = false;
    for assignment in &world.assignments {
        let direct = assignment.holder == principal;
        let through_team = is_member_of_owner_team(world, principal, assignment.holder);
        if direct || through_team {
            has_roles = true;
            for grant in &world.grants {
                if grant.role == assignment.role && grant.table == row.table && grant.right == right {
                    has_privilege = true;
                }
            }
        }
    }
    if !has_roles && is_user(world, principal) {
        return Answer::NoRoles;
    }
    if !has_privilege {
        return Answer::NoPrivilege;
    }

    // Step 2, the access check: any way is enough.
    for assignment in &world.assignments {
        for grant in &world.grants {
            if grant.role == assignment.role && grant.table == row.table && grant.right == right {
                if assignment.holder == principal && role_reaches(world, principal, None, grant, row) {
                    return Answer::Yes;
                }
                let team = assignment.holder;
                if is_member_of_owner_team(world, principal, team)
                    && role_reaches(world, principal, Some(team), grant, row)
                {
                    return Answer::Yes;
                }
            }
        }
    }
    if row.ownership == Ownership::User {
        for share in &world.shares {
            if share.row == row.id
                && (share.with == principal || is_member(world, principal, share.with))
                && (share.rights.contains(&right) || share.inherited.contains(&right))
            {
                return Answer::Yes;
            }
        }
    }
    if manager_reaches(world, principal, right, row) {
        return Answer::Yes;
    }
    Answer::NoAccess
}

/// May `caller` do it on behalf of `principal`? Both have to be allowed it.
pub fn may_on_behalf(world: &Company, caller: Id, principal: Id, right: Right, row: &Row) -> Answer {
    let own = may(world, principal, right, row);
    let callers = may(world, caller, right, row);
    // The privilege check of both comes before the access check of either.
    for answer in [own, callers] {
        if matches!(answer, Answer::NoRoles | Answer::NoPrivilege) {
            return answer;
        }
    }
    if own == Answer::Yes { callers } else { own }
}

/// May `principal` do that with a secured column of its own rows?
pub fn may_with_column(world: &Company, principal: Id, table: &str, column: &str, right: ColumnRight) -> bool {
    for permission in &world.columns {
        let holds = permission.holder == principal || is_member(world, principal, permission.holder);
        if holds && permission.table == table && permission.column == column && permission.right == right {
            return true;
        }
    }
    false
}

/// Way d: rows of those below, and what is shared with them.
fn manager_reaches(world: &Company, manager: Id, right: Right, row: &Row) -> bool {
    if row.ownership != Ownership::User {
        return false;
    }
    for user in &world.users {
        let Some(level) = level_below(world, manager, user.id) else {
            continue;
        };
        let direct = level == 1;
        let allowed = match right {
            Right::Read => true,
            Right::Write | Right::Append | Right::AppendTo => direct,
            _ => false,
        };
        if !allowed || level > world.levels {
            continue;
        }
        for whose in world
            .users
            .iter()
            .map(|user| user.id)
            .chain(world.teams.iter().map(|team| team.id))
        {
            if whose != user.id && !is_member(world, user.id, whose) {
                continue;
            }
            if row.owner == Some(whose) {
                return true;
            }
            for share in &world.shares {
                if share.row == row.id && share.with == whose && share.rights.contains(&right) {
                    return true;
                }
            }
        }
    }
    false
}

/// How far below a manager somebody stands; the shortest way down counts.
fn level_below(world: &Company, manager: Id, user: Id) -> Option<usize> {
    if user == manager {
        return None;
    }
    match world.hierarchy {
        Hierarchy::Off => None,
        Hierarchy::ByManagers => {
            let mut here = user;
            for level in 1..=world.users.len() {
                // Everybody on the way down sits in the manager's unit or below it.
                if !world.across && !lies_below(world, unit_of(world, here), unit_of(world, manager)) {
                    return None;
                }
                let above = world.managers.iter().find(|link| link.user == here)?.manager;
                if above == manager {
                    return Some(level);
                }
                here = above;
            }
            None
        }
        Hierarchy::ByPositions => {
            let of = |who: Id| world.positions.iter().find(|position| position.users.contains(&who));
            let (top, mut here) = (of(manager)?.id, of(user)?);
            for level in 1..=world.positions.len() {
                let above = here.parent?;
                if above == top {
                    return Some(level);
                }
                here = world.positions.iter().find(|position| position.id == above)?;
            }
            None
        }
    }
}

/// Ways a and b: what one grant of one role, held directly or through `team`, reaches.
fn role_reaches(world: &Company, principal: Id, team: Option<Id>, grant: &Grant, row: &Row) -> bool {
    // Global: all. Organization-owned rows know nothing else.
    if grant.depth == Depth::Global {
        return true;
    }
    if row.ownership == Ownership::Organization {
        return false;
    }

    // Ownership across units: what one owns is reached within the unit of the role, or, by a deep one,
    // below it; and so is everything else.
    if world.across && row.ownership == Ownership::User {
        let of_role = world
            .roles
            .iter()
            .find(|role| role.id == grant.role)
            .map(|role| role.unit);
        let here = row.unit.is_some() && row.unit == of_role;
        let below = row.unit.is_some() && of_role.is_some() && lies_below(world, row.unit, of_role);
        let own = match (team, row.owner) {
            (Some(team), owner) if !members_inherit(world, grant.role) => owner == Some(team),
            (_, Some(owner)) => owner == principal || is_member_of_owner_team(world, principal, owner),
            (_, None) => false,
        };
        return match grant.depth {
            Depth::Basic => own && here,
            Depth::Local => here,
            Depth::Deep => below,
            Depth::Global => true,
        };
    }

    // "Team privileges only" at Basic depth: rows owned by the team, no others.
    if let Some(team) = team
        && grant.depth == Depth::Basic
        && !members_inherit(world, grant.role)
    {
        return row.ownership == Ownership::User && row.owner == Some(team);
    }

    // Way a, ownership: any depth suffices, whatever the row's unit.
    if row.ownership == Ownership::User
        && let Some(owner) = row.owner
        && (owner == principal || is_member_of_owner_team(world, principal, owner))
    {
        return true;
    }
    // A row of a business-owned table has no owner: the user's own row is the user's.
    if row.ownership == Ownership::Business && row.id == principal {
        return true;
    }

    // Way b, depth: counted from the principal's unit, or from the team's.
    let mut from = unit_of(world, team.unwrap_or(principal));
    if world.across {
        from = world
            .roles
            .iter()
            .find(|role| role.id == grant.role)
            .map(|role| role.unit);
    }
    match grant.depth {
        Depth::Basic => false,
        Depth::Local => row.unit.is_some() && row.unit == from,
        Depth::Deep => row.unit.is_some() && from.is_some() && lies_below(world, row.unit, from),
        Depth::Global => true,
    }
}

/// Whether climbing from `unit` meets `top`. A climb longer than the list of units is a cycle.
fn lies_below(world: &Company, unit: Option<Id>, top: Option<Id>) -> bool {
    let mut here = unit;
    for _ in 0..=world.units.len() {
        if here == top {
            return true;
        }
        let mut above = None;
        for candidate in &world.units {
            if Some(candidate.id) == here {
                above = candidate.parent;
            }
        }
        if above.is_none() {
            return false;
        }
        here = above;
    }
    false
}

fn is_user(world: &Company, id: Id) -> bool {
    world.users.iter().any(|user| user.id == id)
}

fn is_member(world: &Company, user: Id, team: Id) -> bool {
    world
        .memberships
        .iter()
        .any(|membership| membership.user == user && membership.team == team)
}

fn is_member_of_owner_team(world: &Company, user: Id, team: Id) -> bool {
    world.teams.iter().any(|known| known.id == team && !known.access) && is_member(world, user, team)
}

fn members_inherit(world: &Company, role: Id) -> bool {
    world
        .roles
        .iter()
        .any(|known| known.id == role && known.members_inherit)
}

fn unit_of(world: &Company, principal: Id) -> Option<Id> {
    for user in &world.users {
        if user.id == principal {
            return Some(user.unit);
        }
    }
    for team in &world.teams {
        if team.id == principal {
            return Some(team.unit);
        }
    }
    None
}
