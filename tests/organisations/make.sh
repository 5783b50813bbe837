#!/usr/bin/env bash
# Makes the three organisations of a form with the program that writes it:
#
#     tests/organisations/make.sh PROGRAM PLUGINS FOLDER
#
# PROGRAM is `sluice`, PLUGINS the folder of the plug-ins that ship, FOLDER where the files go: empty.db.gz,
# sample.db.gz, and customised.db.gz, in which everything that an organisation may have was made by the commands below.
# A form of which a version was handed out keeps its files for good: they are migrated in every run of the tests.
set -euo pipefail
program=$(realpath "$1") plugins=$(realpath "$2") folder=$(realpath -m "$3")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache"
unset SLUICE_ORG
cd "$work"

s() { "$program" "$@" >"$work/answer" || { echo "failed: sluice $*" >&2; cat "$work/answer" >&2; exit 1; }; }
# The id in the answer of a command.
id() { s "$@" --json; grep -oE '"id": ?"[0-9a-f-]{36}"' "$work/answer" | head -1 | grep -oE '[0-9a-f-]{36}'; }
keep() { # everything in one file, without free pages
    sqlite3 "$1.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    gzip -9n <"$1.db" >"$1.db.gz"
    mkdir -p "$folder" && mv "$1.db.gz" "$folder/"
}

s org create --org empty.db
s org create --org sample.db --sample
keep empty
keep sample

# --- A vendor's organisation: what a managed and an unmanaged solution bring.

export SLUICE_ORG=vendor.db
s org create --name Vendor
s option-set create ve_grade --option 1=Gold --option 2=Silver
s table create ve_contract --primary-name ve_name
s column create ve_contract ve_number text --max-length 20 --required
s column create ve_contract ve_account lookup --target account
s column create ve_contract ve_party lookup --target account --target contact
s column create ve_contract ve_grade choice --global ve_grade
s column create ve_contract ve_worth money
s column create account ve_grade choice --global ve_grade
s column create lead ve_source text --max-length 100
s column create account ve_source text --max-length 100
s mapping add lead account ve_source ve_source
s role create Contracts
s role grant Contracts prvReadve_contract org
s role grant Contracts prvWriteve_contract bu
s table update ve_contract --duplicate-detection yes
s duprule create "Contracts with the same number" --base ve_contract --condition ve_number
s plugin push "$plugins/vip-flag.wasm" --name vendor-flag
s solution create Contracts --friendly "Contract management" --version 1.2.0.0
s solution add Contracts option-set ve_grade
s solution add Contracts table ve_contract
s solution add Contracts column account.ve_grade
s solution add Contracts role Contracts
s solution add Contracts duplicate-rule "Contracts with the same number"
s solution add Contracts plugin vendor-flag
s solution export Contracts contracts.zip --managed
s solution create Origins
s solution add Origins column lead.ve_source account.ve_source
s solution add Origins mapping lead:account
s solution export Origins origins.zip
unset SLUICE_ORG

# --- The organisation: units, people, roles, tables of its own, changed tables.

export SLUICE_ORG=customised.db
s org create --name Fabrikam --currency EUR
s bu create North
s bu create Harbour --parent North
s bu create South
s role create Seller
for right in Create Read Write Delete Append AppendTo Assign Share; do
    for table in Account Contact Lead Opportunity Activity Note; do s role grant Seller "prv$right$table" bu; done
done
for privilege in prvReadUser prvReadTeam prvReadBusinessUnit prvReadRole prvReadAttributeMap prvReadEntityMap prvReadCustomization prvReadEntity prvReadTransactionCurrency prvReadOrganization; do
    s role grant Seller $privilege org
done
s role create Lister --bu North --inherit team
s role grant Lister prvReadAccount parent-child
s role revoke Seller prvDeleteOpportunity
s user create ann firstname=Ann lastname=Berg --bu North --role Seller
s user create ben firstname=Ben lastname=Cole --bu Harbour --role Seller
s user create cid firstname=Cid lastname=Dunn --bu South --role Seller
s user create dee firstname=Dee lastname=Endo isdisabled=true --bu South
s user create boss firstname=Bo lastname=Ost --role "System Administrator"
s team create Field --bu North --role Lister
s team member-add Field ann
s team create Reviewers --type access
s team member-add Reviewers cid

s option-set create fa_region --option 1=North --option 2=South --option 3=Sea
s table create fa_ship --primary-name fa_name --display Ship
s column create fa_ship fa_tonnage int --min 0 --max 500000
s column create fa_ship fa_code big-int
s column create fa_ship fa_rate decimal --precision 4
s column create fa_ship fa_price money
s column create fa_ship fa_speed float
s column create fa_ship fa_chartered bool --default true
s column create fa_ship fa_kind choice --option 1=Bulk --option 2=Tanker
s column create fa_ship fa_seas choices --global fa_region
s column create fa_ship fa_launched date
s column create fa_ship fa_surveyed date-time
s column create fa_ship fa_owner lookup --target account --target contact
s column create fa_ship fa_sister lookup --target fa_ship
s column create fa_ship fa_loose id
s column create fa_ship fa_log memo --max-length 5000
s column create fa_ship fa_mail text --max-length 100 --format email
s table create fa_port --ownership organization --primary-name fa_name
s column create fa_port fa_country text --max-length 60
s column create fa_ship fa_port lookup --target fa_port
for right in Read Append AppendTo; do s role grant Seller "prv${right}fa_ship" org; done
s column create account fa_region choice --global fa_region --label Region
s column create account fa_ships int --min 0 --default 0
s column create contact fa_birthplace text --max-length 200
s column create lead fa_ship lookup --target fa_ship
s column create lead fa_volume money
s column create opportunity fa_volume money
s column update account name --label "Company" --max-length 300
s column update lead subject --max-length 400
s column update contact fa_birthplace --label "Place of birth"
s column create account fa_gone text --max-length 10
s column delete account fa_gone
s table update account --duplicate-detection yes --audit no
s table update fa_ship --audit yes --duplicate-detection yes
s table update contact --read-only-in-mobile yes
s option-set add lead.leadsourcecode 900 "Harbour fair"
s option-set add lead.statuscode 901 "On hold" --state Open
s option-set update lead.industrycode 1 --label Bookkeeping
s option-set add fa_region 4 Inland
s option-set add lead.leadsourcecode 902 "Published later" --draft
s settings set sales.qualify.create-by-default no
s settings set trace all
s settings set share-to-previous-owner yes
s settings set notes.max-file-size 1024

# --- What is published and registered: solutions, mappings, rules, forms, views, flows, plug-ins.

s solution import contracts.zip
s solution import origins.zip
s solution create Fleet
s solution add Fleet table fa_ship
s solution add Fleet column account.fa_region
s mapping add lead opportunity fa_volume fa_volume
s mapping add lead contact jobtitle fa_birthplace --draft
s duprule create "Ships of one name" --base fa_ship --condition fa_name
s duprule create "Contacts of one place" --base contact --condition lastname --condition fa_birthplace
s duprule publish "Accounts with the same name"
s duprule create "A draft" --base account --condition telephone1 --draft
s form create --table lead "Harbour lead"
s view create "Big ships" --table fa_ship --fetch '<fetch><entity name="fa_ship"><attribute name="fa_name"/><filter><condition attribute="fa_tonnage" operator="gt" value="1000"/></filter></entity></fetch>'
s row create webresource name=fa_/script.js displayname=Script webresourcetype=3 content=true
s plugin push "$plugins/name-guard.wasm"
s step register --plugin vip_flag --message Update --table account --stage post-operation --mode async --columns name,fa_region --image pre:before:name --config plain --secure secret --run-as ann --name "Watch accounts" --rank 7
s step register --plugin vip_flag --message Create --table fa_ship --stage pre-validation --name "Watch ships" --limits '{"cpu": 400}'
s step disable "Watch ships"
s plugin disable name-guard
cat >flow.toml <<'TOML'
name = "Charter"
uniquename = "fa_charter"
order = 5
[[stages]]
name = "Ask"
table = "lead"
steps = [{ column = "fa_ship", label = "Ship", required = true }]
[[stages]]
name = "Sign"
table = "opportunity"
steps = [{ column = "fa_volume", label = "Volume" }]
TOML
s flow create flow.toml
s publish

# --- Rows, with what hangs on them.

harbour=$(id row create account "name=Harbour Ltd" fa_region=North telephone1=111 address1_city=Oslo --as ann)
parent=$(id row create account "name=Sea Group" fa_region=Sea)
child=$(id row create account "name=Sea Group West" "parentaccountid=$parent")
carla=$(id row create contact firstname=Carla lastname=Mora "fa_birthplace=Bergen" "parentcustomerid=account:$harbour" emailaddress1=carla@example.com)
second=$(id row create contact firstname=Carla lastname=Mora)
s row update account "$harbour" "primarycontactid=$carla" revenue=1200000.50
port=$(id row create fa_port fa_name=Tromso fa_country=Norway)
ship=$(id row create fa_ship fa_name=Aurora fa_tonnage=12000 fa_code=9007199254740993 fa_rate=1.2345 fa_price=99.5 fa_speed=17.25 fa_kind=Tanker fa_seas:='[1,3]' fa_launched=2001-04-05 fa_surveyed=2025-01-31T09:00:00Z "fa_owner=contact:$carla" "fa_port=$port" "fa_log=Æther" fa_mail=aurora@example.com)
s row create fa_ship fa_name=Borealis "fa_sister=$ship" fa_chartered=false
s row create ve_contract ve_name=Charter ve_number=C-1 "ve_account=$harbour" "ve_party=contact:$carla" ve_grade=Gold ve_worth=5000
s row assign account "$child" team:Field
s row share account "$harbour" cid read,write
s row share account "$parent" team:Reviewers read
s row share fa_ship "$ship" ben read
head -c 40000 /dev/zero | tr '\0' 'x' >blob.bin
s note add account "$harbour" --title Plan --text "About the harbour" --file blob.bin
printf 'a,b\n1,2\n' >small.csv
s note add contact "$carla" --file small.csv
s activity create task --subject Call --regarding "account:$harbour" --due 2026-02-01T10:00:00Z
done_task=$(id activity create task --subject Ended --regarding "contact:$carla")
s activity complete "$done_task"
s activity create phonecall --subject Ring --regarding "account:$harbour" --to "contact:$carla" --from "user:ann"
s activity create email --subject Offer --to "contact:$carla" --cc "account:$parent"
s activity create appointment --subject Meeting --start 2026-03-01T10:00:00Z --due 2026-03-01T11:00:00Z --required "contact:$carla"
one=$(id row create lead "subject=Charter of a ship" firstname=Leo lastname=Voss "companyname=Voss AG" ve_source=fair "fa_ship=$ship" fa_volume=777 leadsourcecode=900 --as ann)
two=$(id row create lead subject=Lost firstname=Mia lastname=Wu "companyname=Wu Co")
three=$(id row create lead subject=Twice firstname=Mia lastname=Wu "companyname=Wu Co" emailaddress1=mia@example.com)
four=$(id row create lead subject=Waiting firstname=Ida lastname=Xi statuscode=901)
s lead qualify "$one" --account create --contact create --opportunity create --as ann
s lead disqualify "$two" --reason "Cannot Contact"
five=$(id row create lead subject=Again firstname=Mia lastname=Wu)
s merge lead "$three" "$five" --fill
s merge contact "$carla" "$second" --fill
won=$(id row create opportunity "name=Won deal" "customerid=account:$harbour" estimatedvalue=100)
s opportunity win "$won" --revenue 120
s row create opportunity "name=Open deal" "customerid=account:$parent" estimatedvalue=300 "fa_volume=12"
s flow grant Charter Seller
s flow start "$four" --flow Charter
s duplicates detect account
s duplicates detect contact
s row delete account "$(id row create account name=Doomed)"
s row update account "$parent" "name=Sea Group AS"
"$program" row get account "$harbour" --as cid >/dev/null
"$program" row delete account "$harbour" --as cid >/dev/null 2>&1 && exit 1
"$program" diagnose create-each --user dee >/dev/null 2>&1 || true
s org check
keep customised
