//! `make demo`: the story of the missing privilege, told with the program's own commands in a
//! fresh folder. Ends 0 only if each chapter came out as told.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sluice_tests::program::{Program, Run, words};

fn main() -> ExitCode {
    match Story::begin().and_then(|mut story| story.tell()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "\nThe story came out differently: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Story {
    folder: tempfile::TempDir,
    out: io::Stdout,
}

impl Story {
    fn begin() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            out: io::stdout(),
        })
    }

    fn tell(&mut self) -> Result<()> {
        self.say("A sample organisation: Contoso, with the business units West and East.")?;
        self.show("admin", &["org", "create", "--sample"], 0)?;

        let [first, second] = self.open_leads()?;
        self.say("seller.west qualifies a lead, and is refused: a step, a call and a privilege are named.")?;
        let before = self.counts()?;
        let error = self.show("seller.west", &["lead", "qualify", &first], 1)?;
        let error = error
            .pointer("/value/0/error")
            .context("no error in the answer")?
            .clone();
        ensure!(error["code"] == "0x80040220", "the code is {}", error["code"]);
        ensure!(
            error["privilege"] == "prvReadsl_commissionrule",
            "the privilege is {}",
            error["privilege"]
        );
        let step = error
            .pointer("/step/id")
            .and_then(Value::as_str)
            .context("no step is named")?
            .to_owned();
        ensure!(self.counts()? == before, "the refused request changed rows");

        let grant = self.ask(&first, &step)?;
        let lead = self.without_the_step(&first, &step)?;
        ensure!(
            lead["statecode"] == 1,
            "the lead is not qualified: {}",
            lead["statecode"]
        );
        self.with_the_privilege(&second, &step, &grant)
    }

    /// Asks which table fails, which step, and what would help: the command that grants it.
    fn ask(&mut self, first: &str, step: &str) -> Result<String> {
        self.say("Which table is it? Account alone fails.")?;
        let each = self.show("admin", &["diagnose", "create-each", "--user", "seller.west"], 0)?;
        let failing: Vec<&Value> = each["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|trial| trial["ok"] == false)
            .map(|trial| &trial["table"])
            .collect();
        ensure!(failing == ["account"], "these tables fail: {failing:?}");

        self.say("Which step, and what would help? Nothing is changed by asking.")?;
        let isolation = self.show(
            "admin",
            &["diagnose", "isolate", "--user", "seller.west", "--lead", first],
            0,
        )?;
        let culprits = isolation["culprits"].as_array().context("no culprits")?;
        ensure!(culprits.len() == 1, "there are {} culprits", culprits.len());
        let found = isolation.pointer("/culprits/0/error/step/id").and_then(Value::as_str);
        ensure!(found == Some(step), "another step is named: {found:?}");
        let fixes: Vec<&Value> = isolation
            .pointer("/culprits/0/fixes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .collect();
        let grant = fixes
            .iter()
            .find(|fix| fix["kind"] == "grant")
            .context("no grant is proposed")?;
        let grant = grant["command"].as_str().unwrap_or_default();
        ensure!(grant.contains("prvReadsl_commissionrule"), "the grant is `{grant}`");
        Ok(grant.to_owned())
    }

    fn without_the_step(&mut self, first: &str, step: &str) -> Result<Value> {
        self.say("The first cure: disable the one step. It counts from the next request.")?;
        self.show("admin", &["step", "disable", step], 0)?;
        let qualified = self.show("seller.west", &["lead", "qualify", first], 0)?;
        let [account, _, opportunity] = self.created(&qualified)?;
        let row = self.row("account", &account)?;
        let lead = self.row("lead", first)?;
        ensure!(
            row["name"] == lead["companyname"],
            "the company did not become the account's name"
        );
        ensure!(
            row["_originatingleadid_value"] == first,
            "the account does not know its lead"
        );
        ensure!(row["sl_commissionrate"].is_null(), "the disabled step ran");
        ensure!(
            self.row("opportunity", &opportunity)?["name"] == lead["subject"],
            "the topic did not become the opportunity's name"
        );
        Ok(lead)
    }

    fn with_the_privilege(&mut self, second: &str, step: &str, grant: &str) -> Result<()> {
        self.say("The better cure, for a second lead: the step enabled again, the privilege granted.")?;
        self.show("admin", &["step", "enable", step], 0)?;
        let words = words(grant);
        let words: Vec<&str> = words.iter().map(String::as_str).skip(1).collect();
        self.show("admin", &words, 0)?;
        let qualified = self.show("seller.west", &["lead", "qualify", second], 0)?;
        let [account, ..] = self.created(&qualified)?;
        let rate = self.row("account", &account)?["sl_commissionrate"].clone();
        ensure!(rate.is_number(), "the commission rate was not set: {rate}");

        self.say(&format!(
            "The account has its commission rate, {rate}. And this is what that request did:"
        ))?;
        let trees = Program::new(self.folder.path()).json(&["trace", "list", "--requests", "--top", "20"]);
        let correlation = trees["value"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|row| row["sl_name"] == "QualifyLead lead" && row["sl_succeeded"] == true)
            .and_then(|row| row["sl_correlationid"].as_str())
            .context("the request left no trace")?
            .to_owned();
        let tree = self.show("admin", &["trace", "tree", &correlation], 0)?;
        ensure!(
            tree.to_string().contains("commission: Create of account"),
            "the step is not in the tree"
        );
        self.say("Told to the end.")
    }

    fn say(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "\n── {text}\n")?)
    }

    /// Runs a command and shows what it printed. What the story goes on with is read from a
    /// second run with `--json`; a command that has changed something runs once only, with
    /// `--json` from the start where its answer is needed.
    fn show(&mut self, user: &str, arguments: &[&str], code: i32) -> Result<Value> {
        let program = Program::new(self.folder.path());
        let program = if user == "admin" {
            program
        } else {
            program.as_user(user)
        };
        let suffix = if user == "admin" {
            String::new()
        } else {
            format!(" --as {user}")
        };
        let json = code == 0 && arguments.starts_with(&["lead"]);
        writeln!(
            self.out,
            "$ sluice {}{suffix}{}",
            arguments.join(" "),
            if json { " --json" } else { "" }
        )?;
        if json {
            let run = program.run(&[arguments, &["--json"]].concat());
            check(&run, code, arguments)?;
            writeln!(self.out, "{}", serde_json::to_string_pretty(&run.json())?)?;
            return Ok(run.json());
        }
        // As a terminal shows it.
        let people = program.run(&[arguments, &["-o", "table"]].concat());
        check(&people, code, arguments)?;
        write!(self.out, "{}{}", people.stdout, people.stderr)?;
        if !matches!(arguments, ["diagnose" | "trace" | "lead", ..]) {
            return Ok(Value::Null);
        }
        let run = program.run(&[arguments, &["--json"]].concat());
        check(&run, code, arguments)?;
        Ok(run.json())
    }

    fn open_leads(&self) -> Result<[String; 2]> {
        let filter = "statecode eq 0 and address1_stateorprovince ne null and companyname ne null and subject ne null";
        let admin = Program::new(self.folder.path());
        let me = admin.json(&["row", "list", "systemuser", "--filter", "domainname eq 'seller.west'"]);
        let me = me
            .pointer("/value/0/systemuserid")
            .and_then(Value::as_str)
            .context("there is no seller.west")?
            .to_owned();
        let filter = format!("{filter} and _ownerid_value eq {me}");
        let leads = admin
            .as_user("seller.west")
            .json(&["row", "list", "lead", "--filter", &filter, "--top", "2"]);
        let ids: Vec<String> = leads["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["leadid"].as_str())
            .map(ToOwned::to_owned)
            .collect();
        match <[String; 2]>::try_from(ids) {
            Ok(ids) => Ok(ids),
            Err(ids) => bail!("seller.west has {} open leads", ids.len()),
        }
    }

    fn counts(&self) -> Result<Vec<usize>> {
        let program = Program::new(self.folder.path());
        let count = |table: &&str| {
            program.json(&["row", "list", table, "--top", "5000"])["value"]
                .as_array()
                .map(Vec::len)
                .context("no list")
        };
        ["account", "contact", "opportunity"].iter().map(count).collect()
    }

    fn row(&self, table: &str, id: &str) -> Result<Value> {
        Ok(Program::new(self.folder.path()).json(&["row", "get", table, id]))
    }

    fn created(&self, answer: &Value) -> Result<[String; 3]> {
        let created = answer
            .pointer("/value/0/created")
            .and_then(Value::as_array)
            .context("nothing was created")?;
        let ids: Vec<String> = created
            .iter()
            .filter_map(|row| row["id"].as_str())
            .map(ToOwned::to_owned)
            .collect();
        match <[String; 3]>::try_from(ids) {
            Ok(ids) => Ok(ids),
            Err(ids) => bail!("{} rows were created instead of three", ids.len()),
        }
    }
}

fn check(run: &Run, code: i32, arguments: &[&str]) -> Result<()> {
    ensure!(
        run.code == code,
        "`sluice {}` ended {}, not {code}: {}{}",
        arguments.join(" "),
        run.code,
        run.stdout,
        run.stderr
    );
    Ok(())
}
