//! The codes of relationships: what they do, and what a row may be below.

use super::{Code, CodeInfo, Kind};

codes! {
    RELATIONSHIPS;

    CASCADE_TYPE = 0x8004_8204, "InvalidCascadeLinkType", Refused,
        says "The cascade link type is not valid for the cascade action.",
        "Delete takes Cascade, RemoveLink or Restrict; Merge is Cascade where rows of the target can be merged, else NoCascade",
        "choose one of the values that the message names";
    PARENTAL_EXISTS = 0x8004_8205, "ParentalRelationshipExists", Refused,
        says "A parental relationship already exists.",
        "of the relationships between two tables only one may cascade anything",
        "make the other one referential first", [MakeReferential];
    CUSTOM_PARENT = 0x8004_7102, "CustomParentOfSystemTable", Refused,
        "a custom table cannot be the parent of a table of the platform: nothing may cascade to it",
        "choose referential or restrict";
    USER_OWNED_ONLY = 0x8004_4156, "CascadeUserOwnedNotAllowed", Refused,
        "rows follow by their owner only where both tables belong to users and teams",
        "choose another value";
    REQUIRED_LINK = 0x8004_8104, "RemoveLinkOnRequiredLookup", Refused,
        "a lookup that every row needs cannot be emptied",
        "choose Restrict or Cascade";
    REPARENT_OWNED_ONLY = 0x8004_8107, "CascadeReparentNotAllowed", Refused,
        says "Cannot perform Cascade Reparent on Non-UserOwned entities",
        "access is inherited only between tables that belong to users and teams",
        "leave Reparent at NoCascade";
    CASCADE_LIMIT = 0x8004_F0FF, "CascadeLimitExceeded", Refused,
        "more rows would follow a row than one request may move along: a limit and a code of our own",
        "move some of the rows first, or raise the limit", [RaiseCascadeLimit];
    ACCOUNT_LOOP = 0x8004_0507, "AccountLoopBeingCreated", Refused,
        "the account would be above itself",
        "choose a parent account that is not below this one";
    CONTACT_LOOP = 0x8004_050A, "ContactLoopBeingCreated", Refused,
        "the contact would be above itself",
        "choose a parent contact that is not below this one";
    ROW_LOOP = 0x8004_0387, "ParentLoopBeingCreated", Refused,
        "the row would be above itself",
        "choose a parent row that is not below this one";
}
