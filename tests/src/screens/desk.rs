//! The desk's pages: a demonstration village, each role at its own desk, and every page with what opens on it.

use std::path::Path;

use serde_json::json;

use super::{Gallery, Look, Shot};
use crate::browser::{Browser, named};
use crate::county::County;
use crate::desk::Desk;
use crate::phones::Phone;
use crate::trouble::{Doing, Outcome, trouble};

/// The screens of an office: an ordinary one, and the smallest.
const SIZES: [(u16, u16); 2] = [(1440, 900), (1024, 768)];

/// What stands for a page that is still loading.
const LOADING: &str = ".el-skeleton";

/// A family name of the demonstration: whoever is found by it first has the file that is shown.
const FAMILY: &str = "赵";

/// Keeps how the desk looks, as the desk itself does.
const WEAR: &str = "const [language, theme, done] = arguments;
    localStorage.setItem('doorstep.desk', JSON.stringify({ language, theme }));
    done(true);";

/// Every look: both languages, light and dark, both sizes.
pub fn looks() -> Vec<Look> {
    let mut looks = Vec::new();
    for language in ["zh", "en"] {
        for theme in ["light", "dark"] {
            looks.extend(SIZES.map(|size| Look { language, theme, percent: 100, size }));
        }
    }
    looks
}

/// A page: its name, its address behind `#`, what shows that it is there, and what is tapped then with what that opens.
type Page = (&'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

/// The head of a page; the frame has headings of its own.
const HEAD: &str = "main h2";

/// What a supervisor has to do.
const SUPERVISOR: &[Page] = &[
    ("inbox", "/", "[data-test=\"inbox-row\"]", None),
    ("incidents", "/incidents", "[data-test=\"incident-row\"]", None),
    ("incidents-board", "/incidents?view=board", "[data-test=\"incident-row\"]", None),
    ("incidents-map", "/incidents?view=map", "[data-test=\"map\"][data-phase=\"drawn\"]", None),
    (
        "incident",
        "/incidents",
        "[data-test=\"incident-row\"]",
        Some(("[data-test=\"incident-row\"]", "[data-test=\"incident-title\"]")),
    ),
    ("evacuations", "/evacuations", HEAD, None),
    ("evacuation-order", "/evacuations", HEAD, Some(("[data-test=\"order\"]", "[role=\"dialog\"]"))),
    ("roll-call", "/evacuations", HEAD, Some(("[data-test=\"open\"]", "[data-test=\"roll\"]"))),
    ("residents", "/residents", "[data-test=\"typed\"]", None),
    ("resident", "/residents?id={person}", "[data-test=\"resident-title\"]", None),
    ("notices", "/notices", HEAD, None),
    ("notice", "/notices", HEAD, Some(("[data-test=\"notice-line\"]", "[data-test=\"told\"]"))),
    ("notice-write", "/notices", HEAD, Some(("[data-test=\"write-notice\"]", "[role=\"dialog\"] textarea"))),
    ("tasks", "/tasks", HEAD, None),
    ("task", "/tasks", HEAD, Some(("[data-test=\"task-line\"]", "[data-test=\"reports\"]"))),
    ("task-give", "/tasks", HEAD, Some(("[data-test=\"give-task\"]", "[role=\"dialog\"]"))),
    ("coverage", "/coverage", "[data-test=\"coverage\"]", None),
    ("month", "/month", HEAD, None),
    ("month-make", "/month", HEAD, Some(("[data-test=\"make-report\"]", "[role=\"dialog\"]"))),
    ("departments", "/departments", HEAD, None),
    ("devices", "/devices", HEAD, None),
    ("device-enrol", "/devices", HEAD, Some(("[data-test=\"enrol\"]", "[role=\"dialog\"]"))),
    ("export", "/export", "[data-test=\"export-kind\"]", None),
    ("feedback", "/feedback", HEAD, None),
];

/// What belongs to the county's administrator.
const ADMIN: &[Page] = &[
    ("admin-notices", "/notices", HEAD, None),
    ("admin-coverage", "/coverage", "[data-test=\"coverage\"]", None),
    ("accounts", "/accounts", "[data-test=\"account-search\"]", None),
    ("account-create", "/accounts", HEAD, Some(("[data-test=\"account-create\"]", "[role=\"dialog\"]"))),
    ("divisions", "/divisions", "[data-test=\"division-search\"]", None),
    ("division", "/divisions?code=610722001001001", "[data-test=\"cell-late\"]", None),
    ("boundaries", "/boundaries", "[data-test=\"map\"][data-phase=\"drawn\"]", None),
    ("lists", "/lists", "[data-test=\"tab-categories\"]", None),
    ("lists-severities", "/lists?list=severities", "[data-test=\"tab-categories\"]", None),
    ("lists-codes", "/lists?list=codes", "[data-test=\"tab-categories\"]", None),
    ("lists-checklists", "/lists?list=checklists", "[data-test=\"tab-categories\"]", None),
    ("lists-holidays", "/lists?list=holidays", "[data-test=\"tab-categories\"]", None),
    ("review-rules", "/review-rules", "[data-test=\"rules-form\"]", None),
    ("import", "/import", HEAD, None),
    ("admin-export", "/export", "[data-test=\"export-kind\"]", None),
    ("audit", "/audit", "[data-test=\"audit\"]", None),
];

/// What a department sees.
const HANDLER: &[Page] =
    &[("handler-incidents", "/incidents", HEAD, None), ("handler-departments", "/departments", HEAD, None)];

/// Takes every picture in every look.
///
/// # Errors
/// When a window cannot be opened or nobody can sign in; a page that does not come is a finding.
pub async fn photograph(county: &County, gallery: &mut Gallery, folder: &Path, looks: &[Look]) -> Outcome {
    enrol_phones(county, folder).await?;
    let resident = tokio::task::block_in_place(|| resident_of(county))?;
    let desks = [(county.demo.desk.account.as_str(), SUPERVISOR), ("demo-admin", ADMIN), ("demo-handler", HANDLER)];
    for size in SIZES {
        let of_size: Vec<Look> = looks.iter().copied().filter(|look| look.size == size).collect();
        if of_size.is_empty() {
            continue;
        }
        for (account, pages) in desks {
            let profile = folder.join(format!("desk-{account}-{}", size.0));
            let window = Browser::page("desk", &profile, &county.address(), size, false).await?;
            if pages == SUPERVISOR {
                for look in &of_size {
                    wear(&window, county, *look).await?;
                    window.see(&named("sign-in")).await?;
                    gallery.take(&window, "sign-in", *look).await?;
                }
            }
            sign_in(&window, county, account).await?;
            let shots: Vec<Shot> = pages.iter().map(|page| shot(page, &resident)).collect();
            for look in &of_size {
                wear(&window, county, *look).await?;
                for shot in &shots {
                    match show(&window, county, shot).await {
                        Ok(()) => gallery.take(&window, &shot.name, *look).await?,
                        Err(error) => {
                            gallery.take(&window, &shot.name, *look).await?;
                            gallery.miss(&shot.name, *look, error.to_string());
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// The phones of the devices page: one that told how it stands, and one that never did.
async fn enrol_phones(county: &County, folder: &Path) -> Outcome {
    let (address, folder) = (county.address(), folder.join("desk-phones"));
    let (telling, silent) = (county.enrol_code("demo-worker")?, county.enrol_code("demo-worker-2")?);
    let enrol = move || -> Outcome {
        Phone::enrol(&folder.join("telling"), &address, &telling)?.round()?;
        Phone::enrol(&folder.join("silent"), &address, &silent).map(drop)
    };
    tokio::task::spawn_blocking(enrol).await.doing("waiting for the phones")?
}

async fn sign_in(window: &Browser, county: &County, account: &str) -> Outcome {
    window.sign_in(account, &county.demo.desk.password).await?;
    window.gone(LOADING).await
}

async fn wear(window: &Browser, county: &County, look: Look) -> Outcome {
    window.run(WEAR, vec![json!(look.language), json!(look.theme)]).await?;
    window.go(&format!("{}/?{}", county.address(), look.name())).await
}

async fn show(window: &Browser, county: &County, shot: &Shot) -> Outcome {
    // A fresh document each time: what one page left open must not stand in the next picture.
    window.go(&format!("{}/?{}#{}", county.address(), shot.name, shot.path)).await?;
    window.see(&shot.see).await?;
    window.gone(LOADING).await?;
    if let Some((tap, then)) = &shot.tap {
        window.tap(tap).await?;
        window.see(then).await?;
        window.gone(LOADING).await?;
    }
    Ok(())
}

/// A resident whose file can be opened.
fn resident_of(county: &County) -> Outcome<String> {
    let wish = json!({ "typed": FAMILY, "reason": "request" });
    let (status, found) = Desk::sign_in(county)?.post("residents/find", &wish)?;
    match found["items"][0]["id"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => trouble(format!("Nobody of the demonstration is called {FAMILY}: {status} {found}")),
    }
}

/// A page with its whole address.
fn shot((name, path, see, tap): &Page, resident: &str) -> Shot {
    let tap = tap.map(|(tap, then)| (tap.to_owned(), then.to_owned()));
    Shot { name: (*name).to_owned(), path: path.replace("{person}", resident), see: (*see).to_owned(), tap }
}
