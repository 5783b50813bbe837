//! The codes of duplicate rules, their jobs, and merging.

use super::{Code, CodeInfo, Kind};

codes! {
    DUPLICATES;

    // Duplicates
    DUPLICATES_FOUND = 0x8004_0333, "DuplicateRecordsFound", Refused,
        says "A record was not created or updated because a duplicate of the current record already exists.",
        "a published duplicate rule found a row that is the same as this one",
        "use the row that is there, or say that the duplicate is wanted";
    DUPLICATE_DETECTION_OFF = 0x8004_8412, "DuplicateCheckNotEnabled", Refused,
        "duplicate detection is switched off for the whole organisation",
        "switch it on, then publish the rules", [EnableDetection];
    TABLE_NOT_DETECTED = 0x8004_8411, "DuplicateCheckNotSupportedOnEntity", Refused,
        "the table takes no part in duplicate detection",
        "switch it on for the table, or choose another table", [EnableDetectionOf];
    OPERATOR_INVALID = 0x8004_8415, "InvalidOperatorCode", Refused,
        "the criterion does not go with the type of the columns, or its number of characters is wrong",
        "choose a criterion that goes with the columns; only same-first and same-last take a number, from 1 on";
    COLUMN_NOT_COMPARABLE = 0x8004_8430, "DuplicateDetectionNotSupportedOnAttributeType", Refused,
        "the two columns cannot be compared: they hold different types, or one that no rule compares",
        "choose two columns of the same sort: text, numbers, dates, choices, yes or no, or lookups of one table";
    RULE_IN_USE = 0x8004_8428, "CannotDeleteUpdateInUseRule", Refused,
        "the duplicate rule is published, or being published",
        "unpublish it first, change it, and publish it again", [UnpublishRule];
    JOB_ENDED = 0x8004_4162, "AsyncOperationInvalidStateChange", Refused,
        "the state of a job is written by the platform, and does not change after its end; only canceling is up to people",
        "see what became of it; one that has not ended can be canceled", [ShowJob, Cancel];
    JOB_NOT_REPEATABLE = 0x8009_F011, "JobNotRepeatable", Refused,
        "a job was interrupted and run again, and its plug-in then asked for something else than it had asked for before",
        "let the plug-in decide by what it is given and what it reads, by nothing else; then run the job again from its beginning", [RetryJob];
    JOB_NOT_ENDED = 0x8004_416A, "AsyncOperationCannotDeleteUnlessCompleted", Refused,
        "a job is removed after its end only",
        "run it to its end or cancel it, then remove it", [Resume, Cancel];
    NOTICE_RECIPIENT = 0x8004_8422, "BulkDetectInvalidEmailRecipient", Refused,
        "whoever is to be told that a duplicate detection job is done is no user, or has no e-mail address",
        "give the user an address, or ask for no notice", [SetAddress];
    RECURRENCE_NOT_DAILY = 0x8004_D2A0, "BulkDetectRecurrenceNotDaily", Refused,
        "a duplicate detection job recurs in whole days only",
        "give the recurrence in days, such as FREQ=DAILY;INTERVAL=1";
    RULE_INACTIVE = 0x8004_8413, "DuplicateRuleInactive", Refused,
        "the duplicate rule is inactive",
        "activate the rule, then publish it";
    RULE_WITHOUT_CONDITIONS = 0x8004_8414, "DuplicateRuleWithoutConditions", Refused,
        "the duplicate rule has no condition",
        "add a condition, then publish it", [AddCondition];
    TOO_MANY_RULES = 0x8004_8419, "CannotPublishMoreRules", Refused,
        "five rules are published for the base table, and more are not allowed",
        "unpublish one of them first", [ListRules, UnpublishRule];
    MATCHCODE_TOO_LONG = 0x8004_8429, "MaxMatchCodeLengthExceeded", Refused,
        "the conditions together make a matchcode that is too long",
        "take conditions away, or compare fewer characters";
    RULE_PUBLISHING = 0x8004_8434, "DuplicateRulePublishing", Refused,
        "the rule is being published already",
        "wait for the job, or go on with it where it was interrupted", [Resume];
    NO_PUBLISHED_RULES = 0x8004_8436, "NoPublishedDuplicateRules", Refused,
        "a duplicate detection job needs a published rule for its table",
        "publish a rule for the table first", [PublishRule];
    RULE_UNPUBLISHED = 0x8004_F039, "DuplicateDetectionRulesWereUnpublished", Refused,
        "a column that a published duplicate rule compares was changed, so the rule was unpublished",
        "look at the rule, and publish it again";

    // Merge
    MERGE_CYCLE = 0x8004_5300, "MergeCyclicalParentingError", Refused,
        "the row that is to be kept would descend from the one that is to be merged into it, or from itself",
        "change the parent first, merge the other way round, or do not take the parent";
    MERGE_DENIED = 0x8004_5301, "MergeSecurityError", Denied,
        "the user lacks a right on one of the rows that are to be merged",
        "grant the right that the message names, at the depth that it names; merging takes Read and Write on both rows";
    MERGE_INACTIVE = 0x8004_5304, "MergeEntitiesNotActiveError", Refused,
        "one of the rows is inactive or closed",
        "reactivate it first, or merge other rows";
    MERGE_IDENTICAL = 0x8004_5305, "MergeEntitiesIdenticalError", Refused,
        "a row cannot be merged with itself",
        "name two rows";
    MERGE_OTHER_TABLE = 0x8004_5303, "MergeDifferentTables", Refused,
        "only two leads, two accounts or two contacts can be merged",
        "name two rows of one of these tables";
}
