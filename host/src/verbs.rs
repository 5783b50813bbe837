//! The same verbs for every noun: whoever knows one noun knows the others. What a noun lacks stands here, with the
//! reason; each other noun has each verb, by this name or another that is shown beside it.

/// The verbs.
const VERBS: [&str; 7] = ["list", "show", "create", "update", "delete", "enable", "disable"];

/// Verbs that nouns lack, and why.
struct Lack {
    nouns: &'static [&'static str],
    verbs: &'static [&'static str],
    why: &'static str,
}

/// All of it.
const LACKS: &[Lack] = &[
    Lack {
        nouns: &["access", "diagnose", "report", "support"],
        verbs: &VERBS,
        why: "questions, and no things; `access show` is one of them",
    },
    Lack {
        nouns: &["duplicates"],
        verbs: &VERBS,
        why: "what a search finds, which is rows and jobs",
    },
    Lack {
        nouns: &[
            "row",
            "view",
            "note",
            "activity",
            "lead",
            "opportunity",
            "access-team",
            "profile",
            "team",
            "role",
            "table",
            "column",
            "key",
            "mapping",
            "offline",
            "option-set",
            "solution",
            "privilege",
            "jobs",
            "trace",
            "settings",
            "errors",
            "example",
            "org",
            "relationship",
            "command",
        ],
        verbs: &["enable", "disable"],
        why: "there or not: they have no switch of their own",
    },
    Lack {
        nouns: &["org"],
        verbs: &["list", "update", "delete"],
        why: "a file: the shell lists and removes it, `settings` and `restore` change it",
    },
    Lack {
        nouns: &["user"],
        verbs: &["delete"],
        why: "as on the platform users are disabled, and what is theirs stays theirs",
    },
    Lack {
        nouns: &["key"],
        verbs: &["update"],
        why: "an index over rows: another key is made, and this one deleted",
    },
    Lack {
        nouns: &["relationship"],
        verbs: &["create", "delete"],
        why: "comes and goes with its lookup: `column create` and `column delete`",
    },
    Lack {
        nouns: &["mapping"],
        verbs: &["show", "update"],
        why: "a pair of columns: `mapping list` shows it whole, and another pair is another mapping",
    },
    Lack {
        nouns: &["offline"],
        verbs: &["show", "update"],
        why: "a table in a profile: `offline list` shows it whole",
    },
    Lack {
        nouns: &["flow"],
        verbs: &["update"],
        why: "processes are under way in it: another one is made, and `flow migrate` moves them",
    },
    Lack {
        nouns: &["jobs"],
        verbs: &["create", "update"],
        why: "made by what they are the work of; `jobs postpone` and `jobs cancel` are what may be changed of one",
    },
    Lack {
        nouns: &["trace", "errors", "example", "privilege", "command"],
        verbs: &["create", "update", "delete"],
        why: "recorded or shipped, and made by nobody",
    },
    Lack {
        nouns: &["command"],
        verbs: &["show"],
        why: "`command explain` says whether it is shown",
    },
    Lack {
        nouns: &["audit"],
        verbs: &["show", "create", "update", "delete"],
        why: "recorded, and changed by nobody; `audit list` shows each change whole",
    },
    Lack {
        nouns: &["settings"],
        verbs: &["create", "delete"],
        why: "all of them are there; `settings unset` takes a change back",
    },
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn has(noun: &clap::Command, verb: &str) -> bool {
        let names = |command: &clap::Command| {
            let aliases: Vec<String> = command.get_visible_aliases().map(ToOwned::to_owned).collect();
            aliases.into_iter().chain([command.get_name().to_owned()])
        };
        noun.get_subcommands().flat_map(names).any(|name| name == verb)
    }

    #[test]
    fn every_noun_has_the_same_verbs_or_a_reason() {
        let grammar = Cli::command();
        let nouns: Vec<&clap::Command> = grammar
            .get_subcommands()
            .filter(|noun| noun.has_subcommands())
            .collect();
        let mut wrong = Vec::new();
        for noun in &nouns {
            let name = noun.get_name();
            for verb in VERBS {
                let reason = LACKS
                    .iter()
                    .find(|lack| lack.nouns.contains(&name) && lack.verbs.contains(&verb));
                match (has(noun, verb), reason) {
                    (false, None) => wrong.push(format!("`{name} {verb}` is missing, and no reason is given")),
                    (true, Some(lack)) if lack.verbs.len() < VERBS.len() => {
                        wrong.push(format!(
                            "`{name} {verb}` is there, and said to be lacking: {}",
                            lack.why
                        ));
                    }
                    _ => {}
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for lack in LACKS {
            for name in lack.nouns {
                assert!(
                    nouns.iter().any(|noun| noun.get_name() == *name),
                    "there is no noun `{name}`"
                );
            }
            assert!(lack.why.len() > 5, "{:?} has no reason", lack.nouns);
        }
    }
}
