# ruff: noqa: E501, RUF001 - words of many languages, in rows
"""Kinds of words that orders to a model are made of, in many languages: who is told, to do what, with what.

A kind is what lets a sentence in one language, or with a verb not seen before, look like one that was. Stems: a word
belongs to the kind of the longest stem that it begins with; one that ends in `$` is a whole word.
"""

from __future__ import annotations

_STEMS = {
    "OUT": """
        send$ sends$ sending$ forward e-mail$ emailing$ mail$ post$ upload shar transmit submit$ publish leak exfiltrat
        transfer pay$ wire$ deposit$ donate$ deliver$ append$ attach$ embed$ include$ insert$ cc$ share$ reveal disclos
        expose$ dump$ report$ expos
        send$ sende$ schick leite$ weiterleit überweis teile$ veröffentlich füge$ verrate enthüll lade$ hochlad
        envoie envoy transfèr transfér partage publie ajoute$ insère inclu$ divulgu révèl
        envía envia reenvía reenvia transfier comparte publica añade agrega incluy revela sube$
        invia inoltra trasferisc condividi pubblica aggiung includi rivela
        envie encaminh transfir compartilh publique acrescent adicion inclua revele
        stuur maak$ deel$ voeg$ onthul plaats$ wyślij prześlij przelej udostępnij dodaj ujawnij
        отправ перешли переведи поделись опубликуй добав раскрой вышли скинь gönder ilet$ paylaş ekle$ aktar
        kirim teruskan gửi skicka vidarebefordra dela$ envoyez أرسل حول भेज 发送 转发 发到 转账 转到 分享 上传 加入 送っ 送信 転送 보내 전송 송금 推送 附在 加上 告诉 アップロード 付けて 添付 업로드 붙이세 أضف ارفع انشر जोड़ अपलोड tải$ unggah tambahkan yükle$
    """,
    "GET": """
        read$ get$ retriev fetch access$ find$ search$ look$ collect$ gather$ obtain$ extract$ download export$ open$
        visit$ click$ browse$ navigat go$ list$ show$ display$ check$ scan$ copy$ load$ enter$ follow$ review$ verify$
        monitor$ audit$ analyz analys$ use$ ensure$ secure$
        lies$ hole$ suche$ finde$ öffne$ besuche$ klicke$ zeige$ sammle$ lis$ trouve$ cherche$ ouvre$ visite$ clique$
        affiche$ récupèr lee$ busca$ encuentra abre$ visita$ muestra$ recopil obtén leggi cerca$ trova$ apri$ mostra$
        raccogli leia$ procure busque$ abra$ clique$ mostre$ colete lees$ zoek$ open$ bezoek toon$ przeczytaj znajdź
        otwórz odwiedź pokaż прочита найди открой посети покажи собери oku$ bul$ aç$ göster ziyaret
        访问 打开 读取 显示 输出 查找 开いて 导出 下载 查询 打印 書き出 読み 내보내 اقرأ اعرض صدّر نزّل पढ़ दिखा निर्यात xuất$ ekspor aktar$ 読んで 表示 열어 읽어 출력 buka$ cari$ mở$ đọc$ öppna$ läs$ visa$
    """,
    "CHANGE": """
        delet remov$ remove$ chang alter$ modif updat add$ creat grant disabl enabl cancel set$ reset$ reallocat adjust$
        install run$ execut book$ reserv order$ buy$ purchas schedul invit unlock$ lock$ turn$ shut$ revok assign$
        approv merge$ push$ drop$ wipe$ eras overwrit format$ replac move$ rename$ withdraw$ sell$ register$ sign$ call$
        invok give$ make$ save$ stor remember$ memori introduc manipulat manag perform$ launch$ deploy$ start$ implement$
        configur apply$ allocat issu generat initiat
        lösch entfern änder erstell gib$ gewähre führe$ installier buche$ bestell kaufe$ storniere speicher merke$
        supprim efface$ modifi crée$ donne$ accorde exécut installe réserv command achèt annul enregistr
        borra elimin cambi$ cambia$ modifica crea$ dale$ da$ otorga ejecuta instala reserva compra$ cancela guarda
        cancella rimuovi cambia$ dai$ concedi esegui prenota ordina$ acquista annulla salva$
        apague exclua altere mude$ crie$ dê$ conceda execute instale compre$ salve$
        verwijder wijzig maak$ geef$ voer$ koop$ usuń zmień utwórz daj$ wykonaj kup$ удали измени создай дай$ выполни
        установи купи$ sil$ değiştir oluştur ver$ çalıştır 删除 修改 创建 执行 购买 安装 给予 削除 変更 実行 購入 삭제 변경 실행 구매 运行 调用 批准 禁用 关闭 重置 清空 标记 跳过 授予 开通 呼び出 承認 停止 호출 승인 표시하 نفّذ احذف استدع عطّل चला हटा कॉल स्वीकार hapus$ kaldır$ çağır$ işaretle$ hapus jalankan xóa$ ta$ radera kör$
    """,
    "SAY": """
        say$ says$ answer respond reply write$ print output$ tell$ repeat$ translat explain summar begin$ start$
        end$ finish$ conclude$ mention$ recommend state$ describ compos provid provide$ name$ ask$ speak$
        present$ rank$ rate$ rewrit paraphras revers encod encode$ spell$ calculat solve$ scrambl quote$ confirm$ claim$
        pretend act$ mimic$ imitat inform$ notify$ alert$ convert$ wrap$ format$
        sag$ sage$ antworte beende$ schreib gib$ nenne$ empfiehl erkläre übersetz wiederhole frage$
        dis$ réponds répond écris$ termine$ recommande explique traduis répète demande$
        di$ diga$ responde responda escribe termina$ recomienda explica traduce repite dile$ pregunta$
        dì$ rispondi scrivi concludi consiglia spiega traduci ripeti chiedi$
        diga$ escreva termine$ recomende explique traduza repita
        zeg$ schrijf antwoord$ eindig herhaal powiedz odpowiedz napisz powtórz скажи ответ напиши повтори переведи объясни
        söyle yanıt yaz$ tekrarla 回答 说$ 推荐 翻译 重复 解释 回复 答え 言って 翻訳 推薦 대답 말하 추천 번역 jawab katakan trả$ nói$ svara skriv
    """,
    "DROP": """
        ignor disregard forget$ overrid bypass skip$ stop$ abandon neglect instead$ cease$ overlook discard
        ignorier vergiss missachte überschreib statt$ stattdessen oublie$ ignore$ néglige plutôt$ olvida omite ignora
        dimentica tralascia esqueça desconsidere negeer vergeet zignoruj zapomnij игнорир забудь вместо unut$ yoksay
        忽略 忘记 无视 不要理会 無視 忘れ 무시 잊어 abaikan lupakan quên$ glöm تجاهل انس अनदेखा
    """,
    "YOU": """
        you$ your$ yours$ yourself$ you're$ you've$ you'll$ u$ du$ dein$ deine$ deinen$ deiner$ deinem$ dir$ dich$ tu$
        ton$ ta$ tes$ toi$ te$ ti$ tus$ tuo$ tua$ tuoi$ tue$ você seu$ sua$ je$ jouw$ jij$ twój twoje$ twoja ty$ ci$
        твой твоя твои тво ты$ тебе$ тебя$ sen$ sana$ senin 你 您 あなた 당신 너의 kamu$ anda$ bạn$ dig$ din$ ditt$
    """,
    "USER": """
        user$ user's$ users$ customer client$ human$ owner$ reader$ recipient nutzer benutzer kunde utilisateur usuario
        cliente$ utente usuário gebruiker użytkownik пользовател kullanıcı 用户 ユーザー 利用者 사용자 pengguna người användare المستخدم उपयोगकर्ता
    """,
    "MODEL": """
        ai$ ai's$ ais$ assistant llm$ llms$ chatbot bot$ bots$ gpt chatgpt claude$ gemini$ copilot$ agent$ agents$
        assistent ki$ sprachmodell modell$ ia$ modèle asistente modelo$ assistente modello ассистент ии$ модел asystent yapay
        asistan 人工智能 助手 模型 アシスタント 言語モデル 어시스턴트 asisten trợ$
    """,
    "ANSWER": """
        answer$ answers$ response$ responses$ reply$ output$ summary$ completion$ conversation chat$ antwort$ ausgabe
        réponse respuesta risposta resposta odpowiedź ответе ответ$ yanıtın yanıtına 回答中 回答の 답변 jawaban svar$
    """,
    "SECRET": """
        password passwort credential secret token$ tokens$ key$ keys$ api$ ssh$ pin$ otp$ address$ addresses$ history$
        record$ records$ card$ cards$ account$ accounts$ phone$ salary salaries iban$ bank$ payment$ personal$ private$
        confidential sensitive medical$ genetic$ location$ contact$ contacts$ inbox$ emails$ messages$ file$ files$
        folder document$ documents$ data$ database calendar$ money$ funds$ balance$ invoice$ transaction wallet bitcoin
        konto$ datei$ dateien ordner$ daten$ compte$ fichier dossier données courriel cuenta$ archivo carpeta datos$ correos
        correo$ contraseña conto$ dati$ senha conta$ arquivo dados$ rekening bestand wachtwoord plik konto hasło файл счёт
        счет парол данны dosya hesab şifre 文件 账户 密码 邮件 数据 ファイル 口座 パスワード データ 파일 계좌 비밀번호 rekening tài$ fil$ lösenord
    """,
    "RULE": """
        instruction prompt$ prompts$ rule$ rules$ task$ tasks$ directive guideline command$ commands$ order$ orders$
        request$ anweisung befehl aufgabe regeln systemprompt consigne tâche règle instruccion instrucción orden$ tarea
        istruzion compito regole instruções tarefa regras instructie opdracht systeemprompt polecen zadanie instrukcj
        инструкц указани задач команд промпт talimat görev komut 指令 指示 提示 任务 命令 プロンプト 지시 명령 프롬프트 instruksi perintah
    """,
    "NOT": """
        not$ never$ don't$ dont$ without$ no$ nothing$ nobody$ nicht$ nie$ niemals ohne$ ne$ pas$ jamais$ sans$ no$ nunca
        sin$ non$ mai$ senza$ não$ sem$ niet$ nooit nie$ не$ никогда без$ 不要 别$ しないで 않 jangan$ không$ inte$ aldrig
    """,
    "MUST": """
        must$ should$ shall$ need$ needs$ have$ required$ want$ wants$ supposed$ ought$ musst$ sollst$ muss$ soll$ dois$
        doit$ devez$ debes$ debe$ devi$ deve$ moet$ musisz должен должны нужно надо$ malısın 必须 应该 しなければ harus$ phải$ måste$
    """,
    "NOW": """
        now$ first$ before$ immediately urgent urgently after$ once$ also$ then$ additionally finally$ furthermore next$
        instead$ always$ only$ just$ exactly$ jetzt$ zuerst$ sofort$ auch$ immer$ nur$ maintenant$ abord$ aussi$ toujours
        seulement uniquement ahora$ primero$ también siempre$ solo$ sólo$ adesso$ prima$ anche$ sempre$ agora$ primeiro
        também apenas$ nu$ eerst$ ook$ alleen$ теперь сейчас сначала также только всегда şimdi önce$ sadece 现在 首先 只 今$ まず だけ 지금 먼저 만$
    """,
    "PLEASE": """
        please$ pls$ plz$ kindly$ bitte$ veuillez svp$ por$ favor$ per$ favore$ prego$ alsjeblieft alstublieft proszę
        пожалуйста lütfen 请 请将 ください 주세요 하세요 立即 务必 tolong$ xin$ hãy$ vänligen يرجى कृपया
    """,
}
_WHOLE: dict[str, str] = {}
_BEGIN: dict[str, str] = {}
for _kind, _stems in _STEMS.items():
    for _stem in _stems.split():
        if _stem.endswith("$"):
            _WHOLE.setdefault(_stem[:-1], _kind)
        else:
            _BEGIN.setdefault(_stem, _kind)
VERBS = frozenset({"OUT", "GET", "CHANGE", "SAY", "DROP"})
_NO_ORDER = (
    "ed",
    "ing",
    "ion",
    "ions",
    "ment",
    "ments",
    "able",
    "er",
    "ers",
    "or",
    "ors",
    "ly",
    "al",
    "s",
    "ive",
    "ance",
)
_LENGTHS: dict[str, tuple[int, ...]] = {
    first: tuple(sorted({len(one) for one in _BEGIN if one.startswith(first)}, reverse=True))
    for first in {one[:2] for one in _BEGIN}
}
"""Of stems that begin with the same two characters, or are one, how long they are: the longest first."""
UNSPACED = sorted(
    (one for one in (*_WHOLE, *_BEGIN) if any("\u3040" <= character <= "\u9fff" for character in one)),
    key=len,
    reverse=True,
)
"""Words of languages that put no space between words: they are found as they stand."""


def kind_of(word: str) -> str:
    """The kind of `word`, in lower case; nothing when it has none. Of verbs only the forms that give orders have."""
    kind = _WHOLE.get(word)
    if kind is not None:
        return kind
    for length in (*_LENGTHS.get(word[:2], ()), 1):
        kind = _BEGIN.get(word[:length])
        if kind is not None:
            return "" if kind in VERBS and word.isascii() and word.endswith(_NO_ORDER) else kind
    return ""
