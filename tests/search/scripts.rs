//! Languages for which English stemming does not work.

use serde_json::json;

use super::{by_words, remember, terms};
use crate::harness::{Client as _, TestApp, TestDatabase};

#[tokio::test]
async fn memories_in_other_scripts_are_found_by_their_words() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let memories = [
        "明日の朝、東京で大事な会議があります",
        "昨日は大阪でたこ焼きを食べました",
        "我的茶杯是绿色的",
        "회의는 서울에서 열립니다",
        "Встреча с командой будет в Москве",
        "Поезд в Казань уходит утром",
        "اجتماع الفريق يوم الأحد",
        "הפגישה תתקיים בתל אביב",
        "การประชุมจะจัดขึ้นที่กรุงเทพ",
        "La réunion aura lieu à Genève",
        "Party am Freitag in der Größe XL 🎉",
    ];
    remember(&alice, &memories).await;
    for (query, expected) in [
        ("東京", memories[0]),
        ("大阪でたこ焼き", memories[1]),
        ("茶", memories[2]),
        ("서울", memories[3]),
        ("москве", memories[4]),
        ("КАЗАНЬ", memories[5]),
        ("الأحد", memories[6]),
        ("אביב", memories[7]),
        ("กรุงเทพ", memories[8]),
        ("geneve", memories[9]),
        ("🎉", memories[10]),
    ] {
        assert_eq!(by_words(&alice, query).await[0], expected, "{query}");
    }
}

#[tokio::test]
async fn letters_are_folded_whatever_the_database_knows_of_them() {
    let database = TestDatabase::new().await;
    let client = database.superuser().await;
    for (text, same) in [
        ("ПРИВЕТ Мир", "привет мир"),
        ("ΟΔΟΣ", "οδος"),
        ("Ångström", "angstrom"),
        ("ＡＢＣ１２３", "abc123"),
        ("ﬁnance", "finance"),
        ("שָׁלוֹם", "שלום"),
        ("Łódź", "lodz"),
    ] {
        assert_eq!(terms(client, text).await, terms(client, same).await, "{text}");
        assert!(!terms(client, text).await.is_empty(), "{text}");
    }
    assert_eq!(terms(client, "東京都").await, ["京", "京都", "東", "東京", "都"]);
}

/// Also those that the vocabulary of the embedding cannot spell.
#[tokio::test]
async fn a_word_finds_its_memory_whatever_it_is_written_in() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let words = "发票 合同 密码 服务器 会议室 电话 绿茶 狗 🎉 🚀 👍 ✅ กาแฟ ลูกค้า รหัสผ่าน ᐃᓄᒃ ꦗꦮ コーヒー 서울 Казань €";
    let memories: Vec<String> = words.split(' ').map(|word| format!("Note on {word}: done")).collect();
    remember(&alice, &memories.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (word, memory) in words.split(' ').zip(&memories) {
        let query = json!({ "query": word, "scope": "personal", "top_k": 3 });
        let found = alice.post("/v3/memories/search/", query).await.ok();
        assert_eq!(found["results"][0]["memory"], **memory, "{word}: {found}");
    }
}

#[tokio::test]
async fn what_differs_in_a_sign_is_another_fact() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let build = "The status of the nightly build on the main branch is";
    let (green, red) = (format!("{build} 🟢"), format!("{build} 🔴"));
    let others =
        ["The nightly build runs at two", "The main branch is protected", "Nobody looked at the build"];
    remember(&alice, &[&[green.as_str(), red.as_str()], &others[..]].concat()).await;
    let query = json!({ "query": "status of the nightly build on the main branch", "scope": "personal" });
    let found = alice.post("/v3/memories/search/", query).await.ok();
    let mut first =
        [&found["results"][0]["memory"], &found["results"][1]["memory"]].map(|it| it.as_str().unwrap());
    first.sort_unstable();
    let mut both = [green.as_str(), red.as_str()];
    both.sort_unstable();
    assert_eq!(first, both);
}
