//! The Sales app on the platform: its tables and default rows, QualifyLead and its siblings.
