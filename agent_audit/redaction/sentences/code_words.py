"""How the languages tell a one-time code, a door's code, recovery codes: words as data for `codes`.

All in lower case, in texts of words parted by blanks; `_` stands for a blank, and a word that ends in `.` counts
whole only: the others are stems.
"""

from __future__ import annotations

from typing import NamedTuple


class Tongue(NamedTuple):
    """The words of languages that share a word for `code`."""

    heads: str
    """Beginnings of the words for `code`: literals of the gate."""
    kinds: str = ""
    """What a code is for that lets somebody in: beside the head it makes the code a secret."""
    places: str = ""
    """What a code opens: anywhere before it in the sentence."""
    harmless: str = ""
    """What else has codes: products, errors, countries."""
    verbs: str = ""
    """What stands between the head and the code."""
    yours: str = ""
    """Whose code: yours is a secret, unless it is a harmless one."""
    keep: str = ""
    """What is said of secrets only: never share it, it expires."""
    enter: str = ""
    """What one is told to do with it."""
    got: str = ""
    """How it came."""
    aims: str = ""
    """`for`, `to`: what leads from a code to what it is for."""
    spare: str = ""
    """Of what kind codes are that come as a list."""
    firm: bool = False
    """Whether the head alone says enough: TAN, 验证码."""
    glued: bool = False
    """Whether words are not parted by blanks."""
    turned: bool = False
    """Whether the code may stand right before what it is for: `482913 onay kodu`."""
    fewest: int = 4
    """How many digits the code has at least."""
    rule: str = "key:otp"
    """What names it in its marker."""


_ANY = "sms. sms- otp 2fa mfa totp pin. pin- tan. login log-in token. 3ds 3d_secure"

TONGUES: tuple[Tongue, ...] = (
    Tongue(  # English, French, German, Dutch
        heads="code",
        kinds=f"""{_ANY} verif security confirm access. log_in logging_in sign-in sign_in signing_in auth one-time
        one_time single-use single_use temporary passcode recover backup activation activat pairing unlock entry. door
        gate. alarm two-factor two-step 2-step steam_guard lockbox keypad garage. safe. vault. garagen locker. buzzer
        intercom elevator
        duress panic disarm pickup pick-up withdrawal digi reset. setup. registration apple_id
        tablet. ipad. building. shed. cupboard lobby stairwell barrier
        bestätig verifi sicherheits zugang zugriff anmeld einmal freischalt aktivierung tür. tür- haustür tor. tresor
        schließfach abhol entsperr kopplung authenti zwei-faktor wiederherstell notfall freigabe eingang
        vérif sécurité securite d'accès d'acces accès connexion connecter validation valider usage_unique secret
        confidentiel portail
        porte.
        entrée immeuble alarme coffre déverrouill secours récupération retrait_colis
        verific beveilig bevestig toegang inlog in_te_loggen eenmalig deur. voordeur poort. herstel activer kluis ophaal
        ontgrendel""",
        places="""locker. lockbox lock_box key_box keybox key_safe keysafe keypad padlock door. front_door garage.
        garagen
        intercom
        vault. safe. tür. haustür tresor schlüsselbox schließfach porte. portail immeuble coffre boîte_à_clé cadenas
        deur. voordeur sleutelkluis kluisje""",
        harmless="""promo promotion promotional discount coupon postal post zip area country error status exit product
        order booking tracking dress source bar qr voucher referral invite invitation currency swift bic sort branch
        tax course color colour region airport http https return response morse building penal civil state station
        stock item sku model part class language locale dialing event unicode ascii byte machine program reason result
        customer client employee student staff department reservation flight ticket case job campaign affiliate partner
        offer hs hsn naics sic icd cpt bank routing vat ean upc isbn sample example version build test sales game
        confirmation_for booking_confirmation reservation_confirmation order_confirmation flight_confirmation fire
        failure fault warning rate unit
        exited_with exits_with failed_with returned_with responded_with terminated_with closed_with ended_with
        returns returned
        postleit gutschein rabatt fehler kunden produkt artikel länder quell farb vorwahl aktions empfehlungs buchungs
        bestell reservierungs versand
        produit erreur article barre barres pays insee ape naf banque guichet réduction couleur parrainage route pénal
        travail commande fournisseur suivi région commune siret agence avantage
        kortings fout land klant bron boekings product""",
        verbs="""is was are now ist lautet sind heißt est sont c'est est_le c'est_le : luidt""",
        yours="your my ihr dein mein euer votre ton mon uw jouw je mijn",
        keep="""never_share n't_share not_share never_give not_give n't_give never_ask keep_it_secret it_expires
        code_expires
        will_expire valid_for valid_until valid_till nobody anyone n't_tell not_tell never_tell
        nicht_weiter niemals_weiter niemandem gültig ne_le_partagez ne_le_communiquez ne_partagez ne_communiquez
        jamais_ce à_personne valable niet_met nooit_met deel_deze deel_hem geldig""",
        got="""gave_me give_me sent_me texted_me told_me read_me messaged_me gave_us sent_us received i_got got_the
        sent_you texted_you emailed_you messaged_you gave_you gave_him gave_her sent_her sent_him i_entered i_typed
        schickte_mir gab_mir hat_mir bekommen erhalten m'a_envoyé m'a_donné
        j'ai_reçu stuurde_me gaf_me kreeg""",
        enter="""enter use type submit geben eingeben gib_den verwenden nutzen saisi entrez utilisez gebruik voer
        vul""",
        aims="to for pour um zum zur für om voor zu",
        spare="""recovery backup back-up rescue emergency scratch one-time single-use 2fa mfa two-factor two-step
        verification reset. restore wiederherstell notfall ersatz sicherungs einmal reserve herstel nood secours
        récupération sauvegarde urgence usage_unique""",
    ),
    Tongue(  # Spanish, Portuguese, Catalan
        heads="código codigo",
        kinds=f"""{_ANY} verifica un_solo_uso uso_único backup seguridad segurança seguranca confirma acceso acesso
        inicio_de_sesión iniciar_sesión
        autentica autoriza único unico temporal temporário activación ativação activar desbloque recupera respaldo
        puerta porta portal. portão alarma alarme cofre caja_fuerte retirada recogida entrega firma validación validação
        edificio prédio garaje garagem entrar ingresar dinámic""",
        places="puerta porta. portal. portão alarma alarme cofre caja_fuerte candado cadeado garaje garagem",
        harmless="""postal barras barra error erro producto produto promocional promoción promo cliente rastreo
        rastreio seguimiento área pedido artículo artigo país fuente fonte descuento desconto cupón cupom referencia
        moneda moeda banco sucursal fiscal civil penal color cor estado salida saída qr swift iban curso reserva cep
        cie cnae ibge identificação_fiscal tributario invitación convite""",
        verbs="es é son são : sería",
        yours="tu tus su sus mi seu sua teu meu",
        keep="""no_lo_compart no_la_compart no_compart nunca_compart não_compart nao_compart nunca_o no_lo_des con_nadie
        com_ninguém ninguém nadie não_informe nao_informe expira caduca vence válido valido""",
        got="me_dio me_mandó me_envió me_ha_enviado recibí recebi me_deu me_mandou me_enviou",
        enter="usa use introduce introduzca ingresa ingrese digite insira escribe informe teclea utiliza",
        aims="para por",
        spare="""recupera respaldo copia_de_seguridad emergencia emergência backup reserva seguridad un_solo_uso
        uso_único""",
    ),
    Tongue(  # Italian
        heads="codice codici",
        kinds=f"""{_ANY} verifica sicurezza conferma accesso accedere entrare autentica autorizza monouso temporaneo
        attivazione
        sblocco recupero backup emergenza porta. portone cancello allarme cassaforte ingresso ritiro segreto usa_e_getta
        dispositiv""",
        places="portone porta. cancello allarme cassaforte lucchetto cassetta",
        harmless="""fiscale prodotto errore cliente postale sconto barre promozionale articolo ordine tracciamento
        paese sorgente valuta banca filiale civile penale colore stato uscita qr swift iban corso prenotazione
        tributo ateco cap destinatario univoco invito""",
        verbs="è e' é sono :",
        yours="tuo tua suo sua tuoi mio",
        keep="non_condivid non_comunicar non_dar mai_con a_nessuno con_nessuno scade valido",
        got="mi_ha_dato mi_ha_mandato mi_ha_inviato ho_ricevuto",
        enter="usa inserisci digita utilizza inserire",
        aims="per da",
        spare="recupero backup emergenza riserva ripristino monouso",
    ),
    Tongue(  # Romanian
        heads="codul codurile cod_de cod_otp cod_sms coduri",
        kinds=f"""{_ANY} verificare securitate confirmare acces autentificare autorizare unic. unică activare deblocare
        recuperare ușă uşă ușii poart interfon alarm seif""",
        places="ușă ușa interfon alarm seif poart",
        harmless="postal produs produsului eroare sursa sursă sursei client clientului bare fiscal reducere promo țară",
        verbs="este e : sunt",
        yours="tău tau dvs dumneavoastră meu",
        keep="nu_îl nu_il nu_comunica nu_divulga nimănui nimanui expiră expira valabil",
        enter="introdu introduceți folosi utiliza",
        aims="pentru",
        spare="recuperare rezerv backup",
    ),
    Tongue(  # Polish, Swedish, Norwegian, Danish, Turkish, Indonesian, Croatian, Serbian, Lithuanian
        heads="kod",
        turned=True,
        kinds=f"""{_ANY} weryfikac potwierdz bezpiecze dostęp dostep logowan autoryzac jednoraz aktywac odblokow odbioru
        domofon drzwi furtk bram alarm sejf skrytk zapasow odzyskiw
        verifi bekräft säkerhets inlogg engång engangs åtkomst aktiver upplås låsa_upp logga_in port. porten dörr
        kassaskåp
        bekreft bekræft logge_ind logge_inn logge_på sikkerhet sikkerhed innlogg adgang dør. portkod gjenopprett
        gendan reserv
        doğrulama dogrulama onay güvenlik guvenlik giriş giris tek_kullanım tek_kullanim aktivasyon etkinleştir kapı.
        kurtarma yedek erişim şifre sifre
        konfirmasi keamanan akses masuk aktivasi pintu pemulihan cadangan rahasia
        potvrd sigurnos pristup prijav jednokrat bezbednos patvirtin saugos""",
        places="domofon drzwi furtk bramy sejf skrytk dörr port. dør. kapı. kasa pintu. brankas vrata",
        harmless="""pocztow błędu bledu rabat produkt kresk kraj kierunkow promoc klient zamówien źródł swift qr
        fel. felkod post rabatt produkt land kund feil. fejl vare kupong kupon
        hata ürün urun posta indirim kampanya ülke alan. barkod hizmet davet kaynak para_birimi sipariş
        pos. error produk barang negara promo wilayah greš grešk pogrešk poštansk proizvod bar. status promo klaidos""",
        verbs="to jest är er on adalah ialah : je yra anda. kamu. kalian. lyder",
        yours="twój twoj pański din ditt deres dit jouw kodunuz kodun kodum anda kamu vaš tvoj jūsų",
        keep="""nie_udostępni nie_podaw nikomu ważny wazny dela_inte dela_aldrig lämna_aldrig lämna_inte del_ikke
        del_aldri
        del_den_ikke ikke_del giltig gyldig
        kimseyle kimse_ile paylaşma paylasma geçerli gecerli jangan_berikan jangan_bagikan siapa_pun siapapun berlaku
        nikome važi""",
        enter="wpisz podaj użyj użyj ange använd skriv oppgi bruk brug indtast girin kullanın gunakan masukkan unesite",
        aims="do dla aby żeby by för for til için icin untuk za",
        spare="""zapasow odzyskiw awaryjn jednoraz återställ reserv säkerhetskop nöd gjenopprett gendan sikkerhetskop
        sikkerhedskop nød kurtarma yedek pemulihan cadangan oporav rezerv engång engang""",
    ),
    Tongue(  # Czech, Slovak, Hungarian; Finnish, Estonian
        heads="kód kodja kood",
        kinds=f"""{_ANY} ověř vstup vchod domu. autoriz overov bezpečn potvrz potvrd přístup prístup přihl prihl
        jednoráz aktiva
        obnov
        záložn
        odemk dveř dver alarm trezor zvonk výdej
        ellenőrző hitelesít biztonság megerősít belép egyszeri aktivál visszaállít kapu. kapukód ajtó riasztó széf
        vahvist turva kertakäyttö kirjautumis tunnistautumis aktivointi ovi. ovikoodi oven avaus noutok nouto hälyt
        kinnitus turvak ühekord sisselog ukse""",
        places="dveř dver trezor zvonk kapu. ajtó széf ovi. oven kassakaap kaapin",
        harmless="""chyb produkt zboží tovar psč poštov slevov zľav země kraj čárov čiarov zdroj
        hiba termék irányító kedvezmény kupon ország forrás vonal
        virhe tuote posti alennus viiva maa. lähde vea toote soodus""",
        verbs="je on : ez az",
        yours="váš tvůj váš tvoj vaše kódod kódja sinun koodisi koodinne teie",
        keep="""nikomu nesděl nesdel nezdiel nesdíl platí platný ne_adja ne_oszd senki érvényes älä_jaa älä_anna
        voimassa ärge""",
        enter="zadejte zadajte použijte použite írja adja_meg használ syötä käytä anna sisestage",
        aims="pro pre na k",
        spare="obnov záložn zálohov nouzov núdzov helyreállít visszaállít tartalék palautus vara taaste",
    ),
    Tongue(  # Russian, Ukrainian, Bulgarian, Serbian, Macedonian
        heads="код",
        kinds=f"""{_ANY} смс пин подтвержд проверочн провер безопасн доступ вход одноразов авториз аутентиф активац
        восстановл резервн запасн разблок двер домофон подъезд сейф ворот сигнализ получен выдач
        підтвердж перевір безпек вхід входу під'їзд одноразов відновл резервн
        потвържд проверк сигурност достъп еднократ верифик потврд пријав безбедн приступ""",
        places="двер домофон подъезд під'їзд сейф ворот калитк врат",
        harmless="""ошибк товар почтов регион стран город промо скидк штрих исходн помилк поштов країн продукт грешк
        пощенск держав валют клиент заказ оквэд окпо инн бик купон ответ возврат статус источник цвет мкб
        исход отвор виход""",
        verbs="- : это є е це je",
        yours="ваш твой мой твій мій вашия вашият вашиот",
        keep="""никому не_сообщ не_передав не_давай нікому не_повідомля не_споделя никого действител действует дійсний
        истека валиден""",
        got="пришел пришёл прислал получил надійшов отримав",
        enter="введите используйте введи введіть використ въведете назовите",
        aims="для за чтобы щоб",
        spare="резервн восстановл запасн аварийн відновл одноразов възстанов",
    ),
    Tongue(  # Greek
        heads="κωδικ",
        kinds=f"""{_ANY} επαλήθευσ επαληθευσ επιβεβαίωσ επιβεβαιωσ ασφαλεί ασφαλει πρόσβασ προσβασ σύνδεσ συνδεσ
        μίας_χρήσ μιας_χρήσ μιασ_χρησ ενεργοποίησ ανάκτησ ανακτησ εισόδου πόρτ συναγερμ""",
        places="πόρτ συναγερμ χρηματοκιβώτ",
        harmless="προϊόν προϊοντ προιοντ σφάλμα σφαλμα ταχυδρομ πελάτη πελατη έκπτωσ εκπτωσ χώρας πηγαί",
        verbs="είναι ειναι : ειναι:",
        yours="σας σου",
        keep="μην_τον μην_κοινοποι μη_μοιρ μην_μοιρ κανέναν ισχύει λήγει",
        enter="εισαγ χρησιμοποι πληκτρολογ",
        aims="για",
        spare="ανάκτησ ανακτησ εφεδρικ αντιγράφ",
    ),
    Tongue(  # Arabic, Persian, Urdu
        heads="رمز كود کد کوڈ رموز أكواد",
        kinds=f"""{_ANY} سري السري تحقق التحقق تأكيد التأكيد أمان الأمان الأمن دخول الدخول تفعيل التفعيل مرور_لمرة
        الاسترداد لمرة
        الباب البوابة الوصول استلام تایید تأیید ورود امنیتی فعال یکبار یک‌بار تصدیق سیکیورٹی""",
        places="الباب البوابة الخزنة",
        harmless="""الخطأ خطأ المنتج منتج البريدي بريدي البلد الدولة الخصم خصم المصدر العميل خطا خطای محصول پستی
        تخفیف کالا""",
        verbs="هو هي : است ہے",
        yours="الخاص_بك رمزك شما آپ لك",
        keep="لا_تشارك لا_تشاركه لا_تعط لأحد مع_أحد أي_شخص صالح تنتهي ندهید قرار_ندهید معتبر",
        enter="أدخل استخدم وارد",
        aims="لتسجيل للدخول لتأكيد برای",
        spare="الاسترداد استرداد احتياطي الاحتياطي النسخ بازیابی پشتیبان",
    ),
    Tongue(  # Hebrew
        heads="קוד",
        kinds=f"""{_ANY} אימות האימות אבטחה האבטחה כניסה הכניסה חד-פעמי חד_פעמי גישה הגישה שחזור גיבוי דלת הדלת
        לבניין הפעלה שער""",
        places="דלת הדלת לבניין כספת השער",
        harmless="שגיאה מוצר המוצר מיקוד לקוח קופון הנחה מקור",
        verbs="הוא : זה -",
        yours="שלך שלכם",
        keep="אל_תשתף אין_לשתף אין_למסור בתוקף לאף_אחד",
        enter="הזן הזינו השתמש",
        aims="כדי עבור",
        spare="שחזור גיבוי חירום",
    ),
    Tongue(  # Hindi, Bengali
        heads="कोड ओटीपी কোড",
        kinds=f"""{_ANY} सत्यापन वेरिफिकेशन सुरक्षा लॉगिन लॉग-इन पुष्टि ओटीपी एक्सेस रिकवरी बैकअप दरवाज যাচাই
        নিরাপত্তা लॉक""",
        places="दरवाज तिजोरी",
        harmless="त्रुटि उत्पाद पिन_ एरर कूपन डाक प्रोडक्ट ত্রুটি পণ্য",
        verbs="है हैं : -",
        yours="आपका आपके आपकी আপনার",
        keep="साझा_न शेयर_न किसी_को किसी_के मान्य वैध শেয়ার",
        enter="दर्ज उपयोग इस्तेमाल",
        aims="के",
        spare="रिकवरी बैकअप पुनर्प्राप्ति",
    ),
    Tongue(  # Chinese
        heads="""验证码 驗證碼 校验码 校驗碼 动态码 動態碼 动态密码 動態密碼 确认码 確認碼 认证码 認證碼 安全码 安全碼
        短信密码 一次性密码 一次性密碼 取件码 取件碼 开门码 门禁码 门禁密码 門禁密碼 恢复码 备用码 备份码 恢復碼 備用碼
        恢复代码 备用代码 备份代码 恢復代碼 備份代碼""",
        spare="恢复 备用 备份 恢復 備用 備份",
        verbs="是 为 為 : 為: 是:",
        yours="您的 你的",
        enter="输入 輸入 使用",
        firm=True,
        glued=True,
    ),
    Tongue(  # Japanese
        heads="認証番号 確認番号 承認番号 ワンタイムパスワード ワンタイムpw ワンタイムコード",
        verbs="は が : は、 は: 番号:",
        firm=True,
        glued=True,
    ),
    Tongue(
        heads="コード",
        kinds=f"""{_ANY} 認証 確認 セキュリティ 検証 ログイン アクセス 暗証 解除 ワンタイム 入室 ドア
        バックアップ リカバリ 復旧 回復 承認 本人""",
        harmless="エラー 商品 バー qr 郵便 クーポン 国 ソース 文字 製品 招待 プロモ",
        verbs="は が : は、 は:",
        yours="あなたの お客様の",
        keep="教えないで 有効期限 共有しないで 分間有効",
        enter="入力",
        spare="バックアップ リカバリ 復旧 回復 予備 復元",
        glued=True,
    ),
    Tongue(  # Korean
        heads="인증번호 확인번호 승인번호 보안번호 일회용비밀번호 일회용_비밀번호",
        verbs="은 는 : 가",
        firm=True,
        glued=True,
    ),
    Tongue(
        heads="코드",
        kinds=f"{_ANY} 인증 확인 보안 로그인 액세스 출입 복구 백업 일회용 접속 도어",
        harmless="오류 상품 에러 우편 쿠폰 국가 소스 제품 바. qr 할인 초대",
        verbs="은 는 : 가",
        yours="귀하의 고객님의 회원님의",
        keep="알려주지 공유하지 유효",
        enter="입력",
        spare="복구 백업",
        glued=True,
    ),
    Tongue(  # Vietnamese
        heads="mã",
        kinds=f"""{_ANY} xác_minh xác_thực xác_nhận bảo_mật đăng_nhập kích_hoạt truy_cập mở_khóa mở_cửa cửa.
        khôi_phục dự_phòng""",
        places="cửa. két",
        harmless="lỗi sản_phẩm bưu đơn vạch giảm khuyến khách vùng quốc nguồn giới_thiệu",
        verbs="là : bạn_là",
        yours="của_bạn quý_khách",
        keep="không_chia_sẻ đừng_chia_sẻ bất_kỳ_ai hết_hạn hiệu_lực",
        enter="nhập sử_dụng dùng",
        aims="để",
        spare="khôi_phục dự_phòng",
    ),
    Tongue(  # Thai
        heads="รหัส",
        kinds=f"{_ANY} ยืนยัน ความปลอดภัย เข้าสู่ระบบ เข้าใช้ ใช้ครั้งเดียว ประตู เปิดใช้งาน กู้คืน สำรอง",
        harmless="ไปรษณีย์ สินค้า ข้อผิดพลาด ส่วนลด ประเทศ ลูกค้า",
        verbs="คือ : เป็น",
        yours="ของคุณ",
        keep="ห้ามเปิดเผย อย่าเปิดเผย อย่าแชร์ ห้ามแชร์ หมดอายุ",
        enter="กรอก ป้อน ใช้",
        aims="เพื่อ",
        spare="กู้คืน สำรอง",
        glued=True,
    ),
    Tongue(  # What is a one-time password by its name, in any language
        heads="""otp mtan smstan sms-tan pushtan phototan chiptan tan: tan_ cryptogramme_visuel
        prüfziffer kartenprüfnummer""",
        verbs="is was ist lautet est es è é e' jest är er : este adalah là คือ है は",
        firm=True,
    ),
    Tongue(heads="geheimzahl geheimnummer", verbs="ist lautet :", firm=True, rule="key:pin"),
    Tongue(
        heads="""one-time_pass one_time_pass time_password single-use_password single-use_pass einmalpasswort
        einmalkennwort""",
        verbs="is was ist lautet :",
        firm=True,
        rule="key:password",
    ),
    Tongue(  # Passwords of digits that are for once or to log in
        heads="parola hasło hasla пароль пароля şifre sifre clave",
        kinds=f"""{_ANY} unica unică de_unică jednoraz logowan autoryzac одноразов входа вход подтвержд смс
        одноразовий giriş giris
        tek_kullan
        doğrulama dogrulama onay internet işlem kart dinámic acceso temporal firma operaciones seguridad de_un_solo""",
        harmless="primaria producto foránea extranjera privada pública",
        verbs="to jest - : это es :",
        yours="twoje ваш твой şifreniz sifreniz su tu",
        keep="nikomu никому не_сообщ kimseyle paylaşma paylasma no_la_compart no_compart",
        enter="wpisz podaj введите girin ingresa introduce",
        aims="do для için para",
        rule="key:password",
    ),
    Tongue(  # Of a lock
        heads="combination kombination combinaison combinación combinazione combinação combinatie",
        kinds="""safe. vault. lock. locker padlock key_box keybox key_safe keysafe lockbox lock_box
        tresor. tresors safes. schloss schließfach coffre cadenas caja_fuerte
        candado cassaforte lucchetto cofre cadeado kluis zahlen""",
        places="""safe. vault. locker padlock key_box keybox key_safe keysafe lockbox lock_box
        tresor schloss coffre cadenas caja_fuerte candado cassaforte lucchetto
        cofre kluis""",
        verbs="is ist est es è é :",
    ),
    Tongue(
        heads="""key_safe_number keysafe_number keypad_number lockbox_number lock_box_number key_box_number
        padlock_number""",
        verbs="is was are now :",
        firm=True,
    ),
    Tongue(heads="alarm_number", kinds="house. home. shop. store. office. burglar", verbs="is was now :"),
    Tongue(heads="host_key", firm=True, verbs="is :", fewest=6),
)

SETUP_KEYS = """setup_key set-up_key manual_entry_key entry_key einrichtungsschlüssel clé_de_configuration
clave_de_configuración chiave_di_configurazione chave_de_configuração セットアップキー 设置密钥 設定キー ключ_настройки
secret_key authenticator"""
"""What a key is called that is typed into an authenticator: groups of four letters of base32 (RFC 4648)."""

UNITS = """lines. line. zeilen. lignes. líneas linhas righe. loc. bytes. byte. bits. bit. chars. characters. kb. mb. gb.
ms. users. requests. tests. times. downloads. errors. fehler. points. % eur. usd. gbp. chf. pln. rub. € $ £ ¥ 円 元 원
руб zł kr. строк"""
"""Behind a number: it counts something, and is no code."""
