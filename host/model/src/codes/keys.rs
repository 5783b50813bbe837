//! Alternate keys.

use super::{Code, CodeInfo, Kind};

codes! {
    KEYS;

    NOT_A_KEY = 0x8006_0890, "InvalidEntityKeyAttributes", Refused,
        "the columns that were to tell the row apart are not those of a key of the table that is active",
        "name all columns of one key, or make a key of these", [ListKeys];
    NO_ROW_OF_KEY = 0x8006_0891, "RecordNotFoundByEntityKey", NotFound,
        "no row has these values in the columns of the key, or none that the user may see",
        "check the values";
    KEY_TAKEN = 0x8006_0892, "DuplicateRecordEntityKey", Refused,
        "another row has the same values in the columns of an alternate key",
        "give the row values of its own, or change the row that has them";
}
