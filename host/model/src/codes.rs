//! The error codes, each with its name, kind, cause and resolution: one table from which
//! answers, `errors explain` and the documentation are made.

use crate::{Remedy, remedy::Resolution};

/// An error code of the platform: `0x80040220`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u32);

/// What sort of failure a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is refused; the platform itself is well.
    Refused,
    /// The caller lacks a privilege or a right.
    Denied,
    /// Something named in the request is not there.
    NotFound,
    /// The host failed: input and output, a corrupt file, a full disk.
    Host,
}

/// One line of the table of codes.
#[derive(Debug)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// The platform's name for it.
    pub name: &'static str,
    /// What sort of failure it is.
    pub kind: Kind,
    /// The platform's sentence, where it has one of its own; otherwise the message tells.
    pub text: Option<&'static str>,
    /// Why it happens, in a sentence.
    pub cause: &'static str,
    /// What to do about it, in a sentence.
    pub resolution: Resolution,
}

impl Code {
    /// The code's line in the table; a line that says so for a code that has none.
    pub fn info(self) -> &'static CodeInfo {
        all().find(|info| info.code == self).unwrap_or(&UNKNOWN)
    }

    /// The code in a text: `0x80040220`, in any case, or its signed decimal form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        match digits {
            Some(digits) => u32::from_str_radix(digits, 16).ok().map(Self),
            None => text.parse::<i32>().ok().map(|number| Self(number.cast_unsigned())),
        }
    }

    /// The platform's sentence; what causes it, where there is none.
    pub fn text(self) -> &'static str {
        let info = self.info();
        info.text.unwrap_or(info.cause)
    }

    /// The code as a signed number, as faults carry it.
    pub fn signed(self) -> i32 {
        self.0.cast_signed()
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

static UNKNOWN: CodeInfo = CodeInfo {
    code: Code(0x8004_0216),
    name: "UnExpected",
    kind: Kind::Refused,
    text: None,
    cause: "an error whose code is not in the table of codes",
    resolution: Resolution::new("read the message, and the trace of the request", &[Remedy::ShowTrace]),
};

macro_rules! codes {
    (@text) => { None };
    (@text $text:literal) => { Some($text) };
    ($list:ident; $($constant:ident = $code:literal, $name:literal, $kind:ident, $(says $text:literal,)? $cause:literal, $resolution:literal $(, [$($remedy:ident),+])?;)*) => {
        impl Code {
            $(#[doc = concat!("`", stringify!($code), "` ", $name, ": ", $cause, ".")] pub const $constant: Self = Self($code);)*
        }
        /// These codes, in the order of the topics.
        pub(super) static $list: &[CodeInfo] = &[
            $(CodeInfo {
                code: Code::$constant,
                name: $name,
                kind: Kind::$kind,
                text: codes!(@text $($text)?),
                cause: $cause,
                resolution: $crate::remedy::Resolution::new($resolution, &[$($($crate::Remedy::$remedy),+)?]),
            }),*
        ];
    };
}

mod administration;
mod columns;
mod duplicates;
mod flows;
mod keys;
mod relationships;
mod workflows;

/// Every code that Sluice gives, in the order of the topics.
pub fn all() -> impl Iterator<Item = &'static CodeInfo> {
    let more = administration::ADMINISTRATION
        .iter()
        .chain(columns::COLUMNS)
        .chain(duplicates::DUPLICATES)
        .chain(flows::FLOWS)
        .chain(keys::KEYS)
        .chain(relationships::RELATIONSHIPS)
        .chain(workflows::WORKFLOWS);
    PLATFORM.iter().chain(more)
}

codes! {
    PLATFORM;

    // Privileges and access
    PRIVILEGE_DENIED = 0x8004_0220, "PrivilegeDenied", Denied,
        "no role of the principal, direct or through a team, holds the privilege at any depth",
        "grant the privilege to one of the principal's roles, or, where a step needs it, run the step as a user who has it";
    ACCESS_DENIED = 0x8004_8306, "unManagedIdsAccessDenied", Denied,
        "the privilege is there, but no role that has it reaches this row, and the row is not shared with the principal",
        "deepen the privilege in one of the roles, share the row, or assign it";
    NO_ROLES = 0x8004_2F09, "UserNotAssignedRoles", Denied,
        "the user holds no security role, directly or through a team",
        "give the user a role, or a team that has one", [GiveRole];
    CANNOT_QUALIFY_LEAD = 0x8008_1018, "CannotQualifyLead", Denied,
        says "You can't qualify this lead because you don't have permission to create accounts. Work with your system administrator to create the account and then try again.",
        "qualifying would create an account, and the user may not create accounts",
        "grant prvCreateAccount to one of the user's roles, or qualify without an account";
    OWNER_LACKS_READ_OLD = 0x8004_0231, "PrincipalPrivilegeDenied", Denied,
        says "Target user or team does not hold required privileges.",
        "the owner to be may not read rows of this table; here it shows as 0x80040299",
        "as for 0x80040299";
    OWNER_LACKS_READ = 0x8004_0299, "OwnerReadPrivilegeDenied", Denied,
        "the owner to be may not read rows of this table",
        "grant the new owner Read on the table, at any depth, or choose another owner";
    READ_ONLY_ACCESS_MODE = 0x8004_4502, "UserNotReadWrite", Denied,
        "the user's access mode lets it read only, or the user is disabled",
        "change the user's access mode, or act as another user";
    USER_DISABLED = 0x8004_0225, "UserDisabled", Denied,
        says "The specified user is either disabled or is not a member of any business unit.",
        "the user is disabled, or the user's business unit is",
        "enable the user or the business unit, or act as another user";
    SHARE_WITH_OWNER = 0x8004_0214, "InvalidShareeOwner", Refused,
        "the row belongs to the principal that it was to be shared with",
        "share it with another principal";
    REVOKE_FROM_OWNER = 0x8004_0223, "OnlyOwnerCanRevoke", Refused,
        "the principal owns the row, and an owner's access is no share",
        "assign the row to somebody else";
    INVALID_ACCESS_RIGHTS = 0x8004_020D, "InvalidAccessRights", Refused,
        "the access mask has rights that cannot be shared",
        "name rights out of Read, Write, Delete, Append, AppendTo, Assign, Share";
    TEAM_CANNOT_OWN = 0x8004_8340, "AccessTeamCannotOwn", Refused,
        "access teams own no rows",
        "choose an owner team or a user";
    TEAM_CANNOT_HOLD_ROLES = 0x8004_8331, "AccessTeamCannotHaveRoles", Refused,
        "access teams hold no roles",
        "give the role to an owner team or a user";
    ROLE_OTHER_UNIT = 0x8004_140D, "TeamRoleOtherBusinessUnit", Refused,
        "a role of one business unit cannot be given to a team of another",
        "use the copy of the role in the team's own business unit";
    ROLE_OTHER_UNIT_USER = 0x8004_1409, "UserRoleOtherBusinessUnit", Refused,
        "a role of one business unit cannot be given to a user of another",
        "use the copy of the role in the user's own business unit";
    INHERITED_ROLE = 0x8004_4152, "CannotModifyInheritedRole", Refused,
        "the role is a copy that a business unit inherited",
        "change the role at its root; the copies follow";
    INVALID_DEPTH = 0x8004_140B, "InvalidPrivilegeDepth", Refused,
        says "Invalid privilege depth.",
        "the privilege cannot be granted at that depth",
        "an organization-owned table takes Organization only; otherwise user, bu, parent-child or org";

    // Rows and columns
    NOT_FOUND = 0x8004_0217, "ObjectDoesNotExist", NotFound,
        "what the request names is not there, or is no longer there",
        "check the name or the id, and the table", [ListRows];
    AMBIGUOUS = 0x8006_08A1, "AmbiguousName", NotFound,
        "several rows have that name",
        "give the id of the one that is meant";
    ENTITY_UNKNOWN = 0x8004_1102, "QueryBuilderNoEntity", NotFound,
        "there is no table of that name",
        "look at the tables that there are", [ListTables];
    ATTRIBUTE_UNKNOWN = 0x8004_1103, "QueryBuilderNoAttribute", NotFound,
        "the table has no column of that name",
        "look at the columns that there are", [ListColumns];
    INVALID_ARGUMENT = 0x8004_0203, "InvalidArgument", Refused,
        "a value or a parameter has the wrong form",
        "correct what the message names";
    REQUIRED_MISSING = 0x8004_0200, "RequiredFieldMissing", Refused,
        "a column that every new row needs, or that the form demands, was not given",
        "give the column a value";
    ATTACHMENT_TOO_LARGE = 0x8004_4A02, "unManagedidsattachmentinvalidfilesize", Refused,
        "the file is larger than the organisation takes",
        "take a smaller file, or let the organisation take larger ones, in KiB", [SetAttachmentSize];
    TEXT_TOO_LONG = 0x8004_4331, "StringLengthTooLong", Refused,
        "the text is longer than the column allows",
        "shorten the text, or lengthen the column";
    OUT_OF_RANGE = 0x8004_431A, "PicklistValueOutOfRange", Refused,
        "the value is not among those that the column accepts",
        "use an accepted value, or add it to the column";
    INVALID_DATE_TIME = 0x8004_0239, "InvalidDateTime", Refused,
        "the date lies before the first one that the platform has, 1753-01-01, or the time behind the last one",
        "correct the date";
    INVALID_STATE = 0x8004_8408, "InvalidStateCodeStatusCode", Refused,
        says "State code is invalid or state code is valid but status code is invalid for a specified state code.",
        "the status reason does not exist or does not belong to that state",
        "choose a state, and a status reason of it";
    READ_ONLY_COLUMN = 0x8004_0235, "AttributeNotValidForWrite", Refused,
        "the platform fills this column, or it is given when a row is made and not after",
        "leave the column out";
    DUPLICATE_KEY = 0x8004_0237, "DuplicateRecord", Refused,
        "a row with that key exists already",
        "leave the id out, or update the row that is there";
    REFERENCED = 0x8004_0227, "CannotDeleteDueToAssociation", Refused,
        "other rows depend on this one",
        "delete or detach what depends on it first";
    INVALID_LINK = 0x8004_0504, "InvalidCustomer", Refused,
        "the reference points to a table that this column does not take",
        "refer to a row of one of the column's tables";
    TOO_MANY_LINKS = 0x8004_430D, "TooManyLinkEntitiesInQuery", Refused,
        "the query looks at more related tables than a query may",
        "ask for less at once: the rows of the one part, and with these for the rest";

    // Messages and the pipeline
    MESSAGE_UNKNOWN = 0x8004_0806, "SdkMessageNotFound", NotFound,
        "there is no message of that name",
        "`docs/compatibility.md` lists the messages";
    MESSAGE_NOT_SUPPORTED = 0x8004_0800, "SdkMessageNotSupportedOnEntity", Refused,
        "the table does not take that message",
        "choose a table that takes it";
    STEP_NOT_ALLOWED = 0x8004_4187, "CustomStepNotAllowed", Refused,
        "the message does not raise steps on that table",
        "register the step on another message or table";
    STAGE_NOT_ALLOWED = 0x8004_4184, "OnlyStepInPredefinedStagesCanBeModified", Refused,
        "steps run in pre-validation, pre-operation and post-operation only, asynchronous ones in post-operation",
        "choose one of the stages";
    IMAGE_NOT_SUPPORTED = 0x8004_4189, "MessageDoesNotSupportImage", Refused,
        "the message has no row that an image could show",
        "register the step without images";
    IMAGE_TYPE = 0x8004_416D, "ImageTypeNotSupported", Refused,
        "Create has no pre-image and Delete no post-image",
        "choose the other image type";
    IMAGE_BEFORE_OPERATION = 0x8004_416E, "PreStepPostImage", Refused,
        "a post-image exists only after the main operation",
        "register the step in post-operation";
    ISV_ABORTED = 0x8004_0265, "IsvAborted", Refused,
        "a plug-in or a workflow refused the operation on purpose",
        "follow its message";
    ISV_UNEXPECTED = 0x8004_0224, "IsvUnExpected", Refused,
        "a plug-in failed in a way that its author did not foresee (or made more service calls than its limit, or used a \
         capability that its step was not granted: the error says so then)",
        "read what the plug-in said, in the trace of the request: its author must mend it; disabling the step works around \
         it";
    ISV_TRANSACTION = 0x8009_000C, "IsvTransactionCount", Refused,
        "a plug-in caught the error of a service call inside the transaction and went on",
        "the plug-in must hand the error on; what the call lacked is named here";
    PLUGIN_CRASHED = 0x8004_418D, "SandboxWorkerNotAvailable", Refused,
        "a plug-in overflowed its stack or its memory limit",
        "the plug-in's author must mend it, or an administrator raise the limit of the step";
    NO_SANDBOX = 0x8004_418E, "SandboxHostNotAvailable", Refused,
        "more plug-ins were to run at once than the host has room for",
        "try again; let fewer requests run at once";
    PLUGIN_TIMEOUT = 0x8004_4172, "SandboxHostTimeout", Refused,
        "a plug-in call used up its time",
        "the plug-in must do less, or an administrator raise the limit of the step";
    MESSAGE_TIMEOUT = 0x8008_1111, "SandboxNoResponse", Refused,
        "the whole message, with all its plug-ins, used up its time",
        "find the slow step in the trace of the request", [ShowTrace];
    TOO_MUCH_DATA = 0x8004_0216, "MessageSizeExceeded", Refused,
        "more data passed between the host and a plug-in than the limits allow",
        "ask for fewer rows and columns, or raise the limit of the step";
    DEPTH = 0x8004_4182, "SdkCorrelationTokenDepthTooHigh", Refused,
        "steps set each other off more than eight levels deep, plug-ins and workflows alike",
        "give the step filtering columns, let the plug-in check the depth, or the workflow a condition";

    // Registration
    NOT_A_PLUGIN = 0x8004_418B, "PluginAssemblyInvalid", Refused,
        "the file is no plug-in (not WebAssembly, or broken), or lacks a plug-in type that is registered",
        "build the plug-in for wasm32-unknown-unknown with the SDK, with every type that is registered";
    FOREIGN_CONTRACT = 0x8004_4191, "PluginAssemblyNotLoadable", Refused,
        "the plug-in does not follow the contract that this host offers",
        "build it against the SDK of this version; a plug-in has no WASI";
    PLUGIN_TYPE_TWICE = 0x8004_417C, "PluginTypeMustBeUnique", Refused,
        "the file declares two plug-ins of one name",
        "give each plug-in of a file a name of its own";
    NO_PLUGIN_TYPE = 0x8004_418C, "PluginTypeMissing", Refused,
        "the file declares no plug-in",
        "name the plug-in's function in `export!`";
    PLUGIN_TOO_LARGE = 0x8004_418F, "PluginAssemblyContentSizeExceeded", Refused,
        "the plug-in's file is larger than 16 MB, or has more of something than the host compiles: the error names the limit",
        "build with `opt-level = \"s\"` and without debug information";

    PLUGIN_TIMEOUT_CLIENT = 0x8004_4171, "SandboxClientTimeout", Refused,
        "the sandbox did not take a plug-in's call in time; here every timeout of a call shows as 0x80044172",
        "as for 0x80044172";
    PLUGIN_TIMEOUT_WORKER = 0x8004_4173, "SandboxWorkerTimeout", Refused,
        "the sandbox's worker used up its time; here every timeout of a call shows as 0x80044172",
        "as for 0x80044172";

    // States
    INACTIVE = 0x8004_0230, "ObjectIsInactive", Refused,
        "the row is closed or inactive, and read-only until it is reactivated",
        "reactivate the row, by its statecode 0, then change it", [ReactivateLead, ReopenOpportunity];
    LEAD_CLOSED = 0x8004_0519, "LeadAlreadyInClosedState", Refused,
        says "The lead is already closed.",
        "the lead was qualified or disqualified before",
        "choose an open lead, or reactivate this one", [ListOpenLeads, ReactivateLead];
    LEAD_NOT_FOUND = 0x8004_0501, "LeadDoesNotExist", NotFound,
        says "Lead does not exist.",
        "the lead that is to be qualified is not there, or is no longer there",
        "check its id", [ListOpenLeads, ListRows];
    DECISION_MISSING = 0x8004_4153, "QualifyLeadAsks", Refused,
        says "This organisation asks what to create for a lead, and the request leaves it open.",
        "what is made of a lead by default is left to the person who qualifies it",
        "ask the person, and say what is to be created", [QualifyDeciding];
    LEAD_OPEN = 0x8004_0518, "LeadAlreadyInOpenState", Refused,
        says "The lead is already in the open state.",
        "the lead is open, so there is nothing to reactivate",
        "qualify or disqualify it, or change it as it is";
    OPPORTUNITY_CLOSED = 0x8004_0515, "OpportunityAlreadyInClosedState", Refused,
        "the opportunity was won or lost before",
        "reopen it first", [ReopenOpportunity];
    OPPORTUNITY_NOT_CLOSABLE = 0x8010_0005, "CannotSetStateOfOpportunity", Refused,
        "an opportunity is not closed by writing its state",
        "win or lose it", [WinOpportunity, LoseOpportunity];
    OPPORTUNITY_OPEN = 0x8004_051A, "OpportunityAlreadyInOpenState", Refused,
        "the opportunity is open already",
        "change it as it is";

    // Mappings
    ENTITY_MAP_UPDATE = 0x8004_6201, "UpdateEntityMap", Refused,
        "a mapping between two tables keeps its tables",
        "make another mapping between the other tables";
    ENTITY_MAP_SYSTEM = 0x8004_6202, "SystemEntityMap", Refused,
        "the mapping between the two tables is the platform's own",
        "change the columns in it instead";
    INVALID_MAP = 0x8004_6203, "InvalidAttributeMap", Refused,
        "the two columns cannot be mapped onto each other",
        "choose columns of one type and format, the target at least as long as the source; the message says what is wrong";
    SYSTEM_MAP = 0x8004_6205, "SystemAttributeMap", Refused,
        "the mapping came with the platform or a managed solution",
        "leave it; a managed one is changed by the next import of its solution";

    // Choices
    NOT_A_CHOICE = 0x8004_4320, "InsertOptionValueInvalidType", Refused,
        "only choices and status reasons have options that can be changed",
        "name a global choice, or a column of type choice, choices or status", [ListColumns];
    DEFAULT_STATUS = 0x8004_4341, "CannotDeleteDefaultStatusOption", Refused,
        "the status reason came with the platform, or is the default of its state",
        "leave it; its label can be changed", [RelabelOption];
    CHOICE_IN_USE = 0x8004_8417, "CannotDeleteInUseOptionSet", Refused,
        "columns have the options of this global choice, or something names an option",
        "leave it, or change or remove what the message names first";

    // Solutions
    MANAGED = 0x8004_F032, "CannotDeleteMetadata", Refused,
        "it came with a managed solution, and only the next import of that solution changes it",
        "import a newer version of the solution, or remove the solution", [ImportManaged, DeleteSolution];
    MANAGED_SOLUTION = 0x8004_F024, "CannotUpdateManagedSolution", Refused,
        "the solution is managed: it is changed by the import of another version only",
        "import another version, or remove it", [DeleteSolution];
    SOLUTION_NAME_TAKEN = 0x8004_F023, "SolutionUniqueNameViolation", Refused,
        "there is a solution of that name already",
        "choose another name", [ListSolutions];
    COMPONENT_IN_USE = 0x8004_F01F, "CannotDeleteInUseComponent", Refused,
        "something else depends on this component, or rows hold data in it",
        "detach or delete what the message names first";
    IMPORT_FAILED = 0x8004_8033, "ImportSolutionError", Refused,
        "a component of the solution does not fit this organisation",
        "read what the message says of the component; nothing was changed";
    IMPORT_BROKEN = 0x8004_8060, "ImportCustomizationsBadZipFileError", Refused,
        "the file is no solution, or a broken one",
        "export the solution again", [ExportSolution];
    IMPORT_NEWER = 0x8004_8068, "ImportSolutionPackageInvalidSolutionPackageVersion", Refused,
        "the file was written by a newer version of this program",
        "import it with that version or a later one";
    IMPORT_TOO_LARGE = 0x8004_8499, "MaxUnzipFolderSizeExceeded", Refused,
        "unpacked, the file is larger than a solution may be",
        "split the solution; its content may be 64 MB";
    IMPORT_OVER_UNMANAGED = 0x8004_8040, "ImportSolutionManagedToUnmanagedMismatch", Refused,
        "the solution is here as an unmanaged one, and the file is managed",
        "remove the unmanaged solution first (its parts stay), then import", [DeleteSolution];
    IMPORT_OVER_MANAGED = 0x8004_8041, "ImportSolutionUnmanagedToManagedMismatch", Refused,
        "the solution is here as a managed one, and the file is unmanaged",
        "remove the managed solution first, or import a managed file", [DeleteSolution];

    // The host
    UNEXPECTED = 0x8004_4150, "UnExpected", Host,
        "the host failed",
        "read the message and the log; what was being written is undone, what was committed before is kept";
    FILE_REPLACED = 0x8009_F012, "OrganisationFileReplaced", Host,
        "another file is at the path of the organisation by now, or none",
        "see what is at that path, then start again";
    BUSY = 0x8004_4151, "OrganisationBusy", Host,
        "another process held the organisation's write lock for too long, or a query took too long to read",
        "try again; find the process that keeps the file open";
}
