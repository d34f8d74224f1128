//! Languages that English stemming does not serve.

use super::{by_words, remember, terms};
use crate::harness::{TestApp, TestDatabase};

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
