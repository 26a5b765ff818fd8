"""Words of medicine, as `health` reads them.

Rules:
- Medicines: endings are stems of international nonproprietary names (World Health Organization, "stem book") that no
  ordinary word shares; names stand here that have none. Illnesses: everyday titles of ICD-10, and the endings that
  medicine takes from Greek, with the roots that make them medical where ordinary words share them.
- English, German, French, Spanish and Italian, lower case. A word that means something else in a log or a ticket more
  often than not (`stroke`, `shock`, `virus`) is here only in company.
"""

from __future__ import annotations

import re
from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


STEMS: Final = tuple(
    _set("""
    afil amivir apine asone asteride azepam bactam barbital butamol buterol buvir caterol ciclib cillin citabine
    codone conazole coxib cycline dilol dipine docaine dralazine dronate faxine fenac fibrate floxacin formin gabalin
    gliflozin gliptin glitazone glutide grel limus lisib locaine lukast mab meterol micin morphone moterol mycin navir
    nidazole nisolone nisone olol onide ovir parin penem peridol peridone phylline piprazole pivacaine platin poetin
    prazole pril profen quine racetam rizine rubicin sartan semide setron sporin statin tadine taxel thiazide
    thyroxine tidine tinib trexate triptan triptyline trozole vacaine vaptan virine vudine xaban xetine zepine zolam
    zosin
    """)
)
SHORTEST_MEDICINE: Final = 7
MEDICINES: Final = _set("""
    acetaminophen adderall allopurinol amitriptylin amphetamine amphetamines antidepressants aspirin baclofen
    buprenorphine bupropion chemotherapie chemotherapy citalopram codeine colchicine cortisone dialysis digoxin
    donepezil escitalopram estradiol fentanyl gabapentin insulin ketamine lamotrigine levodopa memantine mesalazine
    metamizol methadone methylphenidate morphine naloxone naltrexone naproxen novalgin ozempic paracetamol phenytoin
    prozac radiotherapy ritalin sertraline spironolactone tamoxifen tamsulosin topiramate tramadol trazodone valium
    valproate ventolin warfarin xanax zoloft zolpidem zopiclone
    """)
GREEK_ENDINGS: Final = (
    "itis", "osis", "emia", "emias", "oma", "omas", "pathy", "pathies", "algia", "plegia", "phrenia", "cardia", "pnea",
    "pnoea", "uria", "penia", "megaly", "ectomy", "tension", "thyroidism", "rrhea", "rrhoea",
)  # fmt: skip
GREEK: Final = re.compile(
    r"[a-z]{3,20}itis|"
    r"[a-z]{0,12}(?:scler|fibr|thromb|arthr|sten|cirrh|psych|neur|necr)osis|"
    r"(?:osteopor|tubercul|sarcoid|endometri|nephr|toxoplasm|mononucle|spondyl|scoli|kyph|silic|candid|acid|ket|"
    r"diverticul)osis|"
    r"(?:an|leuk|glyc|hypoglyc|hyperglyc|septic|isch|bacter|ur|hypox|thalass|hyperkal|hypokal|hyponatr|vir|tox|"
    r"hypercholesterol|hyperlipid)a?emias?|"
    r"(?:[a-z]{0,12}carcin|lymph|melan|[a-z]{0,8}sarc|gli|glioblast|myel|[a-z]{0,6}aden|glauc|neuroblast|retinoblast|"
    r"ha?emat|mesotheli|terat|granul)omas?|"
    r"(?:neur|nephr|retin|[a-z]{0,8}my|encephal|arthr|angi|enter|radicul|lymphaden)opath(?:y|ies)|"
    r"(?:neur|my|fibromy|arthr|cephal)algia|(?:hemi|para|quadri|tetra)plegia|schizophrenia|(?:tachy|brady)cardia|"
    r"(?:a|dys)pno?ea|(?:ha?emat|protein|albumin|dys)uria|(?:leuko|osteo|neutro|thrombocyto|sarco)penia|"
    r"(?:spleno|hepato|cardio)megaly|[a-z]{3,14}ectomy|(?:hyper|hypo)tension|(?:hyper|hypo)thyroidism|"
    r"(?:dia|steato|gono|leuko)rrho?ea"
)
ILLNESSES: Final = _set("""
    acne adhd alcoholism alzheimer alzheimer's anaphylaxis aneurysm angina angststörung anorexia arrhythmia
    arrhythmias asma asthma asthme autism bandscheibenvorfall belastungsstörung bluthochdruck bulimia cancer cataract
    cataracts chickenpox chlamydia concussion copd covid covid-19 cáncer dementia demenz depresión depression
    depressione depressionen diabete diabetes diabète dépression eclampsia eczema embarazo emphysema epilepsia
    epilepsie epilepsy essstörung gallstones gout grossesse haemophilia hemophilia hernia herpes herzinfarkt
    hipertensión hiv influenza insomnia ipertensione jaundice leukaemia leukemia lupus malaria measles migraine
    migraines migraña migräne miscarriage mumps narcolepsy obesity palsy parkinson parkinson's persönlichkeitsstörung
    pneumonia pre-eclampsia preeclampsia pregnancy pregnant psoriasis ptsd rubella schlafstörung schlafstörungen
    schlaganfall schwanger schwangerschaft sciatica sepsis syphilis tinnitus tumor tumors tumour tumours vertigo
    épilepsie
    """)
GERMAN_ENDINGS: Final = ("krebs", "entzündung")
COMPANY: Final = frozenset(
    tuple(pair.split("+"))
    for pair in """
    atrial+fibrillation atrial+flutter bipolar+disorder bowel+syndrome cerebral+infarction cerebral+palsy chest+pain
    cystic+fibrosis drug+addiction ear+infection fractured+ankle fractured+femur fractured+hip fractured+rib
    fractured+skull fractured+wrist haemorrhagic+stroke hay+fever heart+attack heart+disease heart+failure
    hemorrhagic+stroke herniated+disc herniated+disk hip+replacement hypertension+artérielle iron+deficiency
    ischaemic+stroke ischemic+stroke kidney+failure kidney+stones knee+replacement liver+failure myocardial+infarction
    pulmonary+edema pulmonary+embolism pulmonary+oedema renal+failure respiratory+failure scarlet+fever
    sinus+infection slipped+disc slipped+disk substance+abuse tract+infection varicose+veins whooping+cough
    """.split()  # noqa: SIM905 - a list of words reads as one
)
"""Two words that are an illness together."""
HEADS: Final = _set("""
    allergy apnea apnoea carcinoma deficiency degeneration dependence disease disorder dysfunction dystrophy fracture
    infection seizure seizures syndrome ulcer ulcers
    """)
"""An illness with one of the words before it."""
BEFORE: Final = _set("""
    acute adult affective akute alcohol allergic ankle anxiety arm artery atopic atrial attention attention-deficit
    autism autoimmune bacterial benign bipolar bipolare bladder blood bone bowel brain breast bronchial cardiac
    cardiovascular carpal celiac cell cervical chest chronic chronische clinical coeliac collarbone colon colorectal
    compulsive congenital congestive coronary cystic deep deficit depressive down duodenal eating egg elbow end-stage
    epileptic erectile essential familial femoral femur food foot fractured gastric generalised generalized genetic
    genital gestational heart hepatic herniated hip hodgkin hyperactivity idiopathic inflammatory insulin-dependent
    iron irritable ischaemic ischemic jaw juvenile kidney knee late-onset latex leg liver lumbar lung lyme macular
    major malignant manic mental metastatic mild milk mittelgradige moderate mood motor multiple muscular nasal
    neurological non-hodgkin non-small nut obsessive obsessive-compulsive obstructive open-angle opioid ovarian ovary
    pancreatic panic paroxysmal peanut pelvic penicillin peptic peripheral persistent personality pollen polycystic
    post-traumatic postnatal postpartum posttraumatic primary progressive prostate pulmonary rectal recurrent
    refractory renal respiratory rheumatoid rib schwere seasonal secondary severe shoulder sickle skin skull sleep
    slipped small spectrum spinal stomach stress systemic testicular thyroid tibia tract transient traumatic tunnel
    ulcerative unipolar unspecified urinary use uterine vascular vein venous vertebral viral wrist
    """)
"""Words that narrow an illness."""
PEOPLE: Final = _set("""
    addison alzheimer basedow crohn cushing down graves hashimoto hodgkin huntington ménière meniere parkinson raynaud
    tourette
    """)
"""Whose disease or syndrome it is: `Crohn's disease`."""
